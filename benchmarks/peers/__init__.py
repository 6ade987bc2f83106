"""Other systems that the live floor is compared with, and how each is started."""
