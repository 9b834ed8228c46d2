//! Track row column files (Motion Analysis; read by OpenSim): one rider's joints as markers.
//!
//! World frame, millimetres with five decimals; one row for every frame of the clip, the number counting from 1 as the
//! format has it, the time exact also for a variable rate. The cells of frames without a body are empty, which OpenSim
//! reads as missing.

use std::io::{self, Write};

use super::dataset::Dataset;
use super::motion::Motion;
use crate::types::TrackId;
use crate::types::smpl::{JOINT_COUNT, JOINT_NAMES};

/// Writes `rider`'s markers; `name` is the file's own name, which the format repeats inside.
pub(super) fn write(data: &Dataset<'_>, rider: TrackId, name: &str, out: &mut dyn Write) -> io::Result<()> {
    let motion = Motion::of(data, rider);
    let rate = data.rate_hz();
    let frames = motion.poses.len();
    let name = name.replace(['\t', '\r', '\n'], " ");
    writeln!(out, "PathFileType\t4\t(X/Y/Z)\t{name}")?;
    out.write_all(b"DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames\n")?;
    writeln!(out, "{rate:.6}\t{rate:.6}\t{frames}\t{JOINT_COUNT}\tmm\t{rate:.6}\t1\t{frames}")?;
    writeln!(out, "Frame#\tTime\t{}", JOINT_NAMES.join("\t\t\t"))?;
    out.write_all(b"\t")?;
    for marker in 1..=JOINT_COUNT {
        write!(out, "\tX{marker}\tY{marker}\tZ{marker}")?;
    }
    out.write_all(b"\n\n")?;
    for (frame, pose) in (0_u64..).zip(&motion.poses) {
        write!(out, "{}\t{:.6}", frame + 1, data.clip.frames.seconds(frame))?;
        match pose {
            Some(pose) => {
                for number in pose.joints.iter().flat_map(|joint| (joint.as_dvec3() * 1000.0).to_array()) {
                    write!(out, "\t{number:.5}")?;
                }
            }
            None => out.write_all("\t".repeat(JOINT_COUNT * 3).as_bytes())?,
        }
        out.write_all(b"\n")?;
    }
    Ok(())
}
