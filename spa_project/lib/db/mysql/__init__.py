"""Django's MySQL and MariaDB backend with fewer round trips (base.py)."""
