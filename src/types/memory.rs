//! Amounts of memory, and how a user wants it to be spent.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Bytes in a kibibyte, and so on (IEC 80000-13).
const UNITS: [(&str, u64); 4] = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40)];

/// A number of bytes, written as people do: `6GiB`, `800 MiB`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ByteSize(pub u64);

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((unit, size)) = UNITS.iter().rev().find(|(_, size)| self.0 >= *size) else {
            return write!(f, "{} B", self.0);
        };
        if self.0.is_multiple_of(*size) {
            write!(f, "{} {unit}", self.0 / size)
        } else {
            write!(f, "{:.1} {unit}", self.0 as f64 / *size as f64)
        }
    }
}

/// Why a text is no amount of memory.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnknownSize {
    /// Not a number with a unit.
    #[error("'{0}' is no amount of memory: write it as 6GiB or 800MiB")]
    Nonsense(String),
    /// No memory at all.
    #[error(
        "a memory limit of 0 leaves nothing to work with: leave it out for no limit, or write it as 6GiB"
    )]
    Zero,
}

impl FromStr for ByteSize {
    type Err = UnknownSize;

    /// Reads `6GiB`, `1.5 gib`, `800M` or `6GB` (all powers of 1024) and plain bytes.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let nonsense = || UnknownSize::Nonsense(text.to_owned());
        let trimmed = text.trim();
        let digits = trimmed.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(trimmed.len());
        let (number, unit) = trimmed.split_at(digits);
        let number: f64 = number.parse().map_err(|_| nonsense())?;
        let unit = unit.trim().to_ascii_lowercase();
        let size = match unit.as_str() {
            "" | "b" => 1,
            unit => {
                let known = |(name, _): &&(&str, u64)| {
                    let name = name.to_ascii_lowercase();
                    unit == name
                        || unit == &name[..1]
                        || unit.len() == 2 && unit == format!("{}b", &name[..1])
                };
                UNITS.iter().find(known).ok_or_else(nonsense)?.1
            }
        };
        let bytes = number * size as f64;
        if !bytes.is_finite() || bytes >= u64::MAX as f64 {
            return Err(nonsense());
        }
        match bytes as u64 {
            0 => Err(UnknownSize::Zero),
            bytes => Ok(Self(bytes)),
        }
    }
}

impl TryFrom<String> for ByteSize {
    type Error = UnknownSize;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ByteSize> for String {
    /// All digits, so that a saved amount is read back as it was.
    fn from(size: ByteSize) -> Self {
        match UNITS.iter().rev().find(|(_, unit)| size.0 > 0 && size.0.is_multiple_of(*unit)) {
            Some((name, unit)) => format!("{}{name}", size.0 / unit),
            None => format!("{}B", size.0),
        }
    }
}

/// Which models are in memory together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MemoryMode {
    /// The fastest of the others that fits.
    #[default]
    Automatic,
    /// Detector and recoverer for the whole run.
    AllAtOnce,
    /// The detector for the whole clip, then the recoverer.
    OneAtATime,
    /// The recoverer for the whole run, the detector only while frames need it.
    OnDemand,
}

/// How the weights of a model are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WeightsHeld {
    /// Copied into memory of the process, in the form that runs fastest.
    Copied,
    /// Pages of the file, which the system can drop and read again.
    Mapped,
}

/// How the memory of one analysis is to be spent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MemoryWish {
    /// Most that it may take; `None` for what the machine gives.
    pub limit: Option<ByteSize>,
    /// Which models are in memory together.
    pub mode: MemoryMode,
    /// The first rung to try: lower than full speed after a run that ended badly.
    pub from: Rung,
}

/// A way to need less memory, from the first to be tried to the last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rung {
    /// As asked, with the weights copied into the form that runs fastest.
    #[default]
    FullSpeed,
    /// The weights stay pages of their file, which the system can drop and read again.
    Mapped,
    /// The detector moves from the GPU to the processor.
    DetectorOnProcessor,
    /// The detector sees the whole clip and is unloaded before the recoverer is loaded.
    OneAtATime,
    /// People are recovered one by one.
    SmallBatch,
    /// As little as possible at once, with less memory than the mapped weights: they are read again and again.
    Tight,
}

impl Rung {
    /// Every rung, the first to be tried first.
    pub const ALL: [Self; 6] = [
        Self::FullSpeed,
        Self::Mapped,
        Self::DetectorOnProcessor,
        Self::OneAtATime,
        Self::SmallBatch,
        Self::Tight,
    ];

    /// The rung in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::FullSpeed => "full speed",
            Self::Mapped => "weights mapped from their file",
            Self::DetectorOnProcessor => "detector on the processor",
            Self::OneAtATime => "one model at a time",
            Self::SmallBatch => "people one by one",
            Self::Tight => "weights read again from the disk",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_people_write_them() {
        for (text, bytes) in [
            ("6GiB", 6 << 30),
            ("6 gib", 6 << 30),
            ("6G", 6 << 30),
            ("6gb", 6 << 30),
            ("1.5GiB", 3 << 29),
            ("800MiB", 800 << 20),
            ("123", 123),
            ("7b", 7),
        ] {
            assert_eq!(text.parse(), Ok(ByteSize(bytes)), "{text}");
        }
    }

    #[test]
    fn nothing_and_nonsense_are_refused_with_what_to_write() {
        for zero in ["0", "0GiB", "0.0 MiB"] {
            assert_eq!(zero.parse::<ByteSize>(), Err(UnknownSize::Zero), "{zero}");
        }
        for bad in [
            "",
            "GiB",
            "six",
            "-6GiB",
            "6GiBs",
            "6 giraffes",
            "1e300GiB",
            "6..5GiB",
            "999999999999TiB",
            "NaN",
        ] {
            let error = bad.parse::<ByteSize>().unwrap_err().to_string();
            assert!(error.contains("6GiB"), "{bad}: {error}");
        }
    }

    #[test]
    fn a_saved_amount_comes_back_to_the_byte() {
        for bytes in [1, 1023, 1 << 20, (5 << 30) + 1, 3 << 29] {
            let json = serde_json::to_string(&ByteSize(bytes)).unwrap();
            assert_eq!(serde_json::from_str::<ByteSize>(&json).unwrap(), ByteSize(bytes), "{json}");
        }
        assert_eq!(ByteSize(3 << 29).to_string(), "1.5 GiB");
        assert_eq!(ByteSize(2 << 30).to_string(), "2 GiB");
    }
}
