"""What models cost on boards, measured."""
