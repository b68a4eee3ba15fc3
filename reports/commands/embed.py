"""`wrapmac embed`: features of any pictures."""

from functools import partial
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import arg

from reports.commands.options import RunFolderName, ensure_outputs


def embed(
    run: RunFolderName,
    /,
    data: Annotated[Path, arg(metavar="DIR", help="folder with pictures of any size, in folders of any depth")],
    out: Annotated[
        Path, arg(metavar="FILE.npz", help="the arrays features (pictures, d), files and groups, the pictures' folders")
    ] = Path("build/features.npz"),
    picture: Annotated[
        Path | None, arg(metavar="FILE.png", help="draw the features in a plane there, a colour for each folder")
    ] = None,
    plane: Annotated[
        Literal["pca", "tsne"], arg(help="the plane: two principal components, or t-SNE, of up to 5000 pictures")
    ] = "pca",
    seed: Annotated[int, arg(metavar="N", help="seed of t-SNE and of the choice among more pictures")] = 0,
) -> int:
    """Write a self-supervised encoder's features of the pictures in a folder; draw them in a plane."""
    from models.progress import Progress
    from models.selfsup.embed import embed_folder
    from models.selfsup.run import METHOD, load_run
    from models.training.run import RunFolder
    from models.training.seeds import check_seed
    from reports.page.figures import write_picture
    from reports.selfsup.embedding import draw_embedding

    check_seed(seed)
    RunFolder(run).check_method(METHOD, "features")
    found = load_run(run)
    ensure_outputs(out, picture, inputs=RunFolder(run).files, data=data)
    with Progress() as progress:
        embedding = embed_folder(found.encoder, data, found.image_shape, found.recipe, progress)
    if picture is not None:
        write_picture(partial(draw_embedding, embedding, plane, f"{run}: pictures of {data}", seed), picture)
    embedding.save(out)
    for path in (out, picture):
        if path is not None:
            print(path)
    return 0
