"""From a unit to a layout with its cycle time, in open tools: mapping, placement, routing, extraction, timing."""
