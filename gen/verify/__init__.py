"""What a device computes, compared with what it should; and reports of it."""
