"""People who are not there: customers, therapists and cashiers who work through real sockets."""
