//! Text that must fit, and sizes in words.

use std::path::Path;

/// `text` with its middle taken out so that `width_of` it is at most `max_width`.
///
/// The middle goes because file names differ at both ends: take number in front, extension behind.
pub fn elide_middle(text: &str, max_width: f32, mut width_of: impl FnMut(&str) -> f32) -> String {
    if width_of(text) <= max_width {
        return text.to_owned();
    }
    let chars: Vec<char> = text.chars().collect();
    let shortened = |kept: usize| {
        let head = kept.div_ceil(2);
        let tail = chars.len() - (kept - head);
        let mut short: String = chars[..head].iter().collect();
        short.push('…');
        short.extend(&chars[tail..]);
        short
    };
    // The most characters that fit; widths grow with the number of characters kept.
    let (mut fits, mut too_many) = (0, chars.len());
    while fits + 1 < too_many {
        let kept = usize::midpoint(fits, too_many);
        if width_of(&shortened(kept)) <= max_width {
            fits = kept;
        } else {
            too_many = kept;
        }
    }
    shortened(fits)
}

/// The last part of a path, or all of it where it has none.
pub fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// Bytes in the unit that gives the fewest digits: `812 MB`, `2.4 GB`.
pub fn bytes(bytes: u64) -> String {
    const MB: f64 = 1024.0 * 1024.0;
    let mb = bytes as f64 / MB;
    if mb >= 1024.0 {
        format!("{:.1} GB", mb / 1024.0)
    } else if mb >= 10.0 {
        format!("{mb:.0} MB")
    } else {
        format!("{mb:.1} MB")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chars(text: &str) -> f32 {
        text.chars().count() as f32
    }

    #[test]
    fn a_long_name_keeps_both_ends_and_never_exceeds_the_width() {
        let name = "2024-02-11 Silvretta Montafon jump line, take 3 – Gerät B.mp4";
        for width in 1..70 {
            let short = elide_middle(name, width as f32, chars);
            assert!(chars(&short) <= width as f32, "{short}");
        }
        assert_eq!(elide_middle("abcdefghij", 5.0, chars), "ab…ij");
        assert_eq!(elide_middle("short.mp4", 9.0, chars), "short.mp4");
    }

    #[test]
    fn sizes_are_told_in_few_digits() {
        assert_eq!(bytes(4 << 20), "4.0 MB");
        assert_eq!(bytes(812 << 20), "812 MB");
        assert_eq!(bytes(2560 << 20), "2.5 GB");
    }
}
