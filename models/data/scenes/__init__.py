"""Pictures of scenes, labelled pixel by pixel and object by object, for segmentation and detection."""
