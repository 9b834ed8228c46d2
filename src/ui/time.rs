//! Times as people read and write them.

/// `seconds` as `m:ss.mmm`, with hours in front where there are any.
pub fn format(seconds: f64) -> String {
    // Rounded before it is split, so that 59.9996 does not become 0:60.000.
    let total_ms = (seconds.max(0.0) * 1000.0).round() as u64;
    let (hours, minutes) = (total_ms / 3_600_000, total_ms / 60_000 % 60);
    let (whole, ms) = (total_ms / 1000 % 60, total_ms % 1000);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{whole:02}.{ms:03}")
    } else {
        format!("{minutes}:{whole:02}.{ms:03}")
    }
}

/// Seconds of `[h:]m:ss[.mmm]` or plain seconds; `None` where it is neither.
pub fn parse(text: &str) -> Option<f64> {
    let parts: Vec<&str> = text.trim().split(':').collect();
    if parts.len() > 3 {
        return None;
    }
    let mut seconds = 0.0;
    for (index, part) in parts.iter().enumerate() {
        let is_last = index + 1 == parts.len();
        let value: f64 = if is_last { part.parse().ok()? } else { f64::from(part.parse::<u32>().ok()?) };
        seconds = seconds * 60.0 + value;
    }
    (seconds.is_finite() && seconds >= 0.0).then_some(seconds)
}

/// A length of time in words: `8 s`, `1 min 20 s`, `2 h 5 min`.
pub fn words(seconds: f64) -> String {
    let total = seconds.max(0.0).round() as u64;
    match total {
        0..60 => format!("{total} s"),
        60..3600 => format!("{} min {:02} s", total / 60, total % 60),
        _ => format!("{} h {:02} min", total / 3600, total / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_with_milliseconds_and_carry_over() {
        assert_eq!(format(0.0), "0:00.000");
        assert_eq!(format(59.9996), "1:00.000");
        assert_eq!(format(3725.25), "1:02:05.250");
        assert_eq!(format(-3.0), "0:00.000");
    }

    #[test]
    fn what_is_written_is_read_back_and_nonsense_refused() {
        for seconds in [0.0, 1.033, 75.5, 3725.25] {
            assert_eq!(parse(&format(seconds)), Some(seconds));
        }
        assert_eq!(parse(" 2.5 "), Some(2.5));
        assert_eq!(parse("1:30"), Some(90.0));
        for bad in ["", ":", "a", "-1", "1:2:3:4", "1.5:00", "inf", "nan"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn lengths_are_told_in_the_two_largest_units() {
        assert_eq!(words(7.6), "8 s");
        assert_eq!(words(80.0), "1 min 20 s");
        assert_eq!(words(7500.0), "2 h 05 min");
    }
}
