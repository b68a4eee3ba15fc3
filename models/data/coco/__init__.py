"""Pictures with objects in the layout of COCO."""
