"""What a text means, whose task it is, until when."""
