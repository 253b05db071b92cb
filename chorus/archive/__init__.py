"""What a finished run tells about itself: is it whole, where does a number come from, and how to hand it on."""
