"""Random views of images, drawn on the CPU and computed on whole batches wherever the images are."""
