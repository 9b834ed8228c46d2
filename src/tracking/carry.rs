//! Bodies for frames that have none of their own.

use glam::Vec2;

use crate::types::{BBox, BodyEstimate, Camera};

/// `body`, seen in the box `from`, moved with that box to `to`: the pose is kept; the picture moves and grows like
/// the box, and the body in space is moved and brought nearer so that its pelvis is seen where the box puts it.
/// Rotation by the changed line of sight is left out: it is far below what an expectation is worth.
pub fn carried(body: &BodyEstimate, from: &BBox, to: &BBox, trust: f32) -> BodyEstimate {
    let growth = to.long_side() / from.long_side();
    let moved = |p: Vec2| to.center() + (p - from.center()) * growth;
    let mut out = body.clone();
    out.depth_cues = None;
    out.joint_sigma_m = None;
    out.confidence *= trust;
    for keypoint in &mut out.joints_2d {
        keypoint.position = moved(keypoint.position);
        keypoint.score *= trust;
    }
    let pelvis = body.joints_3d[0];
    if let Some(seen) = body.camera.project(pelvis) {
        let depth_m = pelvis.z / growth;
        let in_view = (moved(seen) - body.camera.center_px) / body.camera.focal_px;
        let shift_m = (in_view * depth_m).extend(depth_m) - pelvis;
        // An unusable camera or box must not spread into the body.
        if shift_m.is_finite() {
            out.translation_m += shift_m;
            for joint in &mut out.joints_3d {
                *joint += shift_m;
            }
        }
    }
    out
}

/// The body at fraction `t` (0 to 1) between two: rotations on the shorter arc, everything else on straight lines.
pub(super) fn between(a: &BodyEstimate, b: &BodyEstimate, t: f32, trust: f32) -> BodyEstimate {
    let mut out = a.clone();
    out.depth_cues = None;
    out.joint_sigma_m = None;
    for (keypoint, target) in out.joints_2d.iter_mut().zip(&b.joints_2d) {
        keypoint.position = keypoint.position.lerp(target.position, t);
        keypoint.score = lerp(keypoint.score, target.score, t) * trust;
    }
    for (joint, target) in out.joints_3d.iter_mut().zip(&b.joints_3d) {
        *joint = joint.lerp(*target, t);
    }
    out.smpl = a.smpl.slerp(&b.smpl, t);
    out.translation_m = a.translation_m.lerp(b.translation_m, t);
    out.camera = Camera {
        focal_px: lerp(a.camera.focal_px, b.camera.focal_px, t),
        center_px: a.camera.center_px.lerp(b.camera.center_px, t),
    };
    out.confidence = lerp(a.confidence, b.confidence, t) * trust;
    out
}

/// The number at fraction `t` between two.
pub(super) fn lerp(a: f32, b: f32, t: f32) -> f32 {
    a + (b - a) * t
}

#[cfg(test)]
mod tests {
    use glam::{Quat, Vec3};

    use super::super::scenes;
    use super::*;

    #[test]
    fn a_carried_body_projects_into_the_moved_box() {
        let from = BBox::new(300.0, 100.0, 350.0, 200.0);
        let body = scenes::seen(from, 0.8).body.unwrap();
        let to = BBox::new(320.0, 160.0, 420.0, 360.0);
        let moved = carried(&body, &from, &to, 0.5);
        let pelvis = moved.camera.project(moved.joints_3d[0]).unwrap();
        let before = body.camera.project(body.joints_3d[0]).unwrap();
        assert!(pelvis.distance(to.center() + (before - from.center()) * 2.0) < 1e-2, "{pelvis}");
        assert!((moved.joints_3d[0].z - body.joints_3d[0].z / 2.0).abs() < 1e-4);
        let shift = moved.translation_m - body.translation_m;
        assert!((moved.joints_3d[7] - body.joints_3d[7]).distance(shift) < 1e-5);
        assert_eq!(moved.smpl, body.smpl);
        assert!((moved.confidence - body.confidence * 0.5).abs() < 1e-6);
    }

    #[test]
    fn a_body_without_a_usable_camera_stays_finite() {
        let from = BBox::new(300.0, 100.0, 350.0, 200.0);
        let mut body = scenes::seen(from, 0.8).body.unwrap();
        body.camera.focal_px = 0.0;
        let moved = carried(&body, &from, &from.translated(Vec2::splat(9.0)), 1.0);
        assert_eq!(moved.translation_m, body.translation_m);
        assert_eq!(moved.joints_2d[3].position, body.joints_2d[3].position + 9.0);
    }

    #[test]
    fn half_way_is_half_the_angle_and_the_middle_of_the_places() {
        let bbox = BBox::new(300.0, 100.0, 350.0, 200.0);
        let a = scenes::seen(bbox, 0.8).body.unwrap();
        let mut b = a.clone();
        b.smpl.body_pose[4] = Quat::from_rotation_z(1.0);
        b.translation_m += Vec3::new(2.0, 0.0, 4.0);
        let middle = between(&a, &b, 0.5, 1.0);
        assert!(middle.smpl.body_pose[4].angle_between(Quat::from_rotation_z(0.5)) < 1e-3);
        assert!((middle.translation_m - a.translation_m).distance(Vec3::new(1.0, 0.0, 2.0)) < 1e-5);
    }
}
