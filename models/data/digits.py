"""Real handwritten digits, 8 x 8 pixels, as they ship with scikit-learn (1797 images, 10 classes)."""

import torch

from models.data.images import ImageData, Split

_LARGEST_PIXEL = 16


def digits(seed: int = 0) -> ImageData:
    """The digits, two thirds to train on and one third held out, stratified by class.

    Pixels range from 0 to 16. They are scaled to 0 to 1 and not centred, so that the background stays exactly 0.
    """
    from sklearn.datasets import load_digits  # slow to import, and few commands need it
    from sklearn.model_selection import train_test_split

    images, labels = load_digits(return_X_y=True)
    parts = train_test_split(images, labels, test_size=1 / 3, stratify=labels, random_state=seed)
    train_images, test_images = (torch.tensor(part, dtype=torch.uint8).view(-1, 1, 8, 8) for part in parts[:2])
    train_labels, test_labels = (torch.tensor(part) for part in parts[2:])
    return ImageData(
        name="scikit-learn digits",
        train=Split(train_images, train_labels),
        test=Split(test_images, test_labels),
        classes=tuple(str(digit) for digit in range(10)),
        mean=(0.0,),
        std=(float(_LARGEST_PIXEL),),
        white=_LARGEST_PIXEL,
    )
