"""The pictures of the README: python -m benchmarks.pictures writes them to docs/pictures."""

from pathlib import Path

import isthmus as im
from isthmus.data import load
from isthmus.report.figures import figure, show_picture
from isthmus.report.maps import save_side_by_side

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    train, test = load("digits", "train"), load("digits", "test")
    print(save_side_by_side(im.AE(2).fit(train), train, test, FOLDER / "maps.png"))
    vae = im.VAE(8).fit(train)
    drawn = vae.sample(40, random_state=0).reshape(-1, 8, 8) / 16
    made = figure(10, 2.2)
    for i, picture in enumerate(drawn):
        axes = made.add_subplot(2, 20, i + 1)
        axes.set_axis_off()
        show_picture(axes, picture.clip(0, 1))
    made.savefig(FOLDER / "samples.png")
    print(FOLDER / "samples.png")


if __name__ == "__main__":
    main()
