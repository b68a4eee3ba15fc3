"""Detection of objects and their masks: Mask R-CNN on the features of a backbone, measured as COCO does."""
