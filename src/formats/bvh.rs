//! Biovision hierarchies: one rider's skeleton and its rotations.
//!
//! World frame, centimetres; SMPL's joints in SMPL's tree, the rest pose a T; rotations in degrees, R = Rz·Rx·Ry. One
//! row for every frame of the clip at the mean rate: the format has no other, so a variable rate's times are in the
//! sidecar. It has no gaps either: where no body is known the last one known stands still (before the first, the
//! first); the sidecar tells those frames. Bones are the mean over the clip, which the starter body's are in every
//! frame. End sites only close the limbs, 5 cm on.

use std::io::{self, Write};

use glam::{EulerRot, Vec3};

use super::dataset::Dataset;
use super::motion::{Motion, Pose};
use crate::types::TrackId;
use crate::types::smpl::{JOINT_COUNT, JOINT_NAMES, PARENTS};

const CM_PER_M: f32 = 100.0;

/// Length of the stubs at the ends of limbs.
const END_SITE_M: f32 = 0.05;

/// Writes `rider`'s skeleton.
pub(super) fn write(data: &Dataset<'_>, rider: TrackId, out: &mut dyn Write) -> io::Result<()> {
    let motion = Motion::of(data, rider);
    let Some(first) = motion.poses.iter().flatten().next() else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "no body is known of this rider"));
    };
    out.write_all(b"HIERARCHY\n")?;
    write_joint(0, 0, &motion.bones, out)?;
    writeln!(out, "MOTION\nFrames: {}\nFrame Time: {:.9}", motion.poses.len(), 1.0 / data.rate_hz())?;
    let mut shown = first;
    let order = joint_order();
    for pose in &motion.poses {
        shown = pose.as_ref().unwrap_or(shown);
        write_row(shown, &order, out)?;
    }
    Ok(())
}

fn children(joint: usize) -> impl Iterator<Item = usize> {
    (1..JOINT_COUNT).filter(move |child| PARENTS[*child] == joint)
}

/// The joints in the order of the hierarchy, depth first, which is the order of the motion's columns.
fn joint_order() -> Vec<usize> {
    fn visit(joint: usize, order: &mut Vec<usize>) {
        order.push(joint);
        children(joint).for_each(|child| visit(child, order));
    }
    let mut order = Vec::with_capacity(JOINT_COUNT);
    visit(0, &mut order);
    order
}

fn write_joint(
    joint: usize,
    depth: usize,
    bones: &[Vec3; JOINT_COUNT],
    out: &mut dyn Write,
) -> io::Result<()> {
    let indent = "\t".repeat(depth);
    let (kind, channels) = if joint == 0 {
        ("ROOT", "6 Xposition Yposition Zposition Zrotation Xrotation Yrotation")
    } else {
        ("JOINT", "3 Zrotation Xrotation Yrotation")
    };
    let bone = bones[joint] * CM_PER_M;
    writeln!(out, "{indent}{kind} {}\n{indent}{{", JOINT_NAMES[joint])?;
    writeln!(
        out,
        "{indent}\tOFFSET {:.6} {:.6} {:.6}\n{indent}\tCHANNELS {channels}",
        bone.x, bone.y, bone.z
    )?;
    let mut is_leaf = true;
    for child in children(joint) {
        is_leaf = false;
        write_joint(child, depth + 1, bones, out)?;
    }
    if is_leaf {
        let stub = bones[joint].normalize_or_zero() * END_SITE_M * CM_PER_M;
        write!(out, "{indent}\tEnd Site\n{indent}\t{{\n{indent}\t\tOFFSET ")?;
        writeln!(out, "{:.6} {:.6} {:.6}\n{indent}\t}}", stub.x, stub.y, stub.z)?;
    }
    writeln!(out, "{indent}}}")
}

fn write_row(pose: &Pose, order: &[usize], out: &mut dyn Write) -> io::Result<()> {
    let root = pose.joints[0] * CM_PER_M;
    write!(out, "{:.6} {:.6} {:.6}", root.x, root.y, root.z)?;
    for &joint in order {
        // In 64 bits, since near ±90° about x the angles of 32-bit numbers are off by hundredths of a degree.
        let (z, x, y) = pose.rotations[joint].as_dquat().normalize().to_euler(EulerRot::ZXY);
        write!(out, " {:.6} {:.6} {:.6}", z.to_degrees(), x.to_degrees(), y.to_degrees())?;
    }
    out.write_all(b"\n")
}
