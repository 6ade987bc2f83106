"""Django's MySQL and MariaDB backend, with one thing changed (base.py)."""
