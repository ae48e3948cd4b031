"""The only room that touches a codec: reads films as planes, writes takes, masters and access copies."""
