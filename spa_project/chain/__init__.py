"""What only a chain of branches needs: where staff work today, and all branches on one page."""
