"""Makes the window's typeface from the variable font of the Inter project.

egui cannot switch on an OpenType feature, so what the window needs of them is baked in: digits of one width (tnum),
since times and counts must not dance. The optical size is pinned to text size and the substitutions, which would undo
some of it, are dropped. Weight stays an axis. Only letters, digits, punctuation, arrows and mathematical signs are kept:
the rest, a third of the file, is in no name of a clip.

    pip install fonttools fontpkg-inter
    python make_fonts.py "…/fontpkg_inter/files/Inter[opsz,wght].ttf" Inter-Tabular.ttf
"""

import sys

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

TEXT_OPTICAL_SIZE = 14


def substitutions(font, feature):
    """Single substitutions of an OpenType feature: glyph name to glyph name."""
    table = font["GSUB"].table
    wanted = {
        index
        for record in table.FeatureList.FeatureRecord
        if record.FeatureTag == feature
        for index in record.Feature.LookupListIndex
    }
    found = {}
    for index in wanted:
        for subtable in table.LookupList.Lookup[index].SubTable:
            subtable = getattr(subtable, "ExtSubTable", subtable)
            found.update(getattr(subtable, "mapping", {}))
    return found


def is_kept(code):
    """Whether a character is kept: no phonetic or polytonic letters, enclosed signs, private use or symbols."""
    ranges = [(0x0000, 0x1CFF), (0x1E00, 0x1EFF), (0x2000, 0x245F), (0x2500, 0x2BFF)]
    return any(first <= code <= last for first, last in ranges)


def main(source, target):
    font = TTFont(source)
    tabular = substitutions(font, "tnum")
    for subtable in font["cmap"].tables:
        for code, glyph in subtable.cmap.items():
            subtable.cmap[code] = tabular.get(glyph, glyph)
    font = instancer.instantiateVariableFont(font, {"opsz": TEXT_OPTICAL_SIZE, "wght": (400, 400, 700)})
    for tag in ("GSUB", "DSIG", "STAT", "meta"):
        if tag in font:
            del font[tag]
    options = subset.Options(layout_features=["*"], notdef_outline=True, name_IDs=["*"], glyph_names=False, hinting=True)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=[code for code in font.getBestCmap() if is_kept(code)])
    subsetter.subset(font)
    font.save(target)


if __name__ == "__main__":
    main(*sys.argv[1:])
