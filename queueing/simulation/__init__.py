"""A simulation of customers, therapists and cashiers who work through real sockets."""
