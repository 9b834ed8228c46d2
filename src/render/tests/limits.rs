//! What does not fit is refused with a reason, and reading back keeps frames apart.

use std::sync::Arc;

use glam::Vec3;

use super::{Studio, difference, grey};
use crate::render::{Gpu, OverlayScene, Readback, RenderError, RenderTarget, ViewTransform};
use crate::types::Camera;

#[test]
fn sizes_of_nothing_or_too_much_are_refused() {
    let Some(mut studio) = Studio::open() else { return };
    let limit = studio.gpu.max_side();
    let made = |width, height| RenderTarget::new(&studio.gpu, width, height).map(drop);
    assert!(matches!(made(0, 5), Err(RenderError::EmptyTarget { width: 0, height: 5 })));
    assert!(matches!(made(5, 0), Err(RenderError::EmptyTarget { .. })));
    assert!(matches!(made(8, limit + 1), Err(RenderError::TooLarge { height, .. }) if height == limit + 1));
    assert!(matches!(made(u32::MAX, u32::MAX), Err(RenderError::TooLarge { .. })));
    let mut plane = Vec::new();
    let matte = studio.renderer.render_matte(&OverlayScene::default(), limit + 1, 1, &mut plane);
    assert!(matches!(matte, Err(RenderError::TooLarge { .. })));
}

#[test]
fn planes_and_meshes_of_the_wrong_length_are_refused_and_the_next_frame_is_drawn() {
    let Some(mut studio) = Studio::open() else { return };
    let target = RenderTarget::new(&studio.gpu, 64, 48).unwrap();
    let mut scene = OverlayScene::new(Some(grey(64, 48, 80)));
    let mut short = (*grey(64, 48, 80)).clone();
    short.u.pop();
    scene.picture = Some(Arc::new(short));
    let refused = studio.renderer.render(&scene, &target, &ViewTransform::IDENTITY);
    assert!(matches!(refused, Err(RenderError::BadPicture { width: 64, height: 48 })));

    let mut ball = studio.ball(Vec3::Z, 0.2, Camera::centered(60.0, 64, 48), [1.0; 3]);
    ball.vertices.pop();
    scene.picture = None;
    scene.meshes.push(ball);
    let refused = studio.renderer.render(&scene, &target, &ViewTransform::IDENTITY);
    assert!(matches!(refused, Err(RenderError::BadMesh { .. })));

    scene.clear();
    scene.picture = Some(grey(64, 48, 126));
    let drawn = studio.draw(&scene, 64, 48, ViewTransform::IDENTITY);
    assert!(difference(drawn.rgb(10, 10), [128; 3]) <= 1);
}

#[test]
fn frames_come_back_in_order_while_the_next_is_drawn() {
    let Some(mut studio) = Studio::open() else { return };
    let target = RenderTarget::new(&studio.gpu, 427, 241).unwrap();
    let mut readback = Readback::new(&studio.gpu);
    let mut rgba = Vec::new();
    assert!(!readback.take(&mut rgba).unwrap());
    let mut scene = OverlayScene::default();
    let mut seen = Vec::new();
    for luma in [40, 90, 140, 190, 230_u8] {
        scene.clear();
        scene.picture = Some(grey(427, 241, luma));
        studio.renderer.render(&scene, &target, &ViewTransform::IDENTITY).unwrap();
        readback.submit(&target).unwrap();
        if readback.in_flight() == Readback::DEPTH {
            assert!(matches!(readback.submit(&target), Err(RenderError::ReadbackFull(_))));
            assert!(readback.take(&mut rgba).unwrap());
            seen.push(rgba.clone());
        }
    }
    while readback.take(&mut rgba).unwrap() {
        seen.push(rgba.clone());
    }
    assert_eq!(seen.len(), 5);
    for (frame, luma) in seen.iter().zip([40, 90, 140, 190, 230]) {
        let want = (f64::from(luma - 16) / 219.0 * 255.0).round() as i32;
        assert_eq!(frame.len(), 427 * 241 * 4);
        let grey_within = |code: &u8| (i32::from(*code) - want).abs() <= 1;
        assert!(frame.chunks_exact(4).all(|p| p[..3].iter().all(grey_within) && p[3] == 255), "{luma}");
    }
}

#[test]
fn a_lost_device_is_an_error_not_a_panic() {
    let Some(mut studio) = Studio::open() else { return };
    let target = RenderTarget::new(&studio.gpu, 64, 48).unwrap();
    studio.gpu.device.destroy();
    let scene = OverlayScene::new(Some(grey(64, 48, 80)));
    let mut rgba = Vec::new();
    let drawn = studio.renderer.render(&scene, &target, &ViewTransform::IDENTITY);
    let read = studio.renderer.read_rgba(&target, &mut rgba);
    assert!(drawn.is_err() && read.is_err(), "{drawn:?} {read:?}");
    assert!(matches!(read, Err(RenderError::DeviceLost { .. })), "{read:?}");
}

#[test]
fn the_adapters_are_named_for_a_report() {
    if Studio::open().is_none() {
        return;
    }
    let reports = Gpu::adapters();
    assert!(reports.iter().any(|report| report.device_type == "CPU"), "{reports:?}");
    assert!(reports.iter().all(|r| !r.name.is_empty() && ["vulkan", "gl"].contains(&r.backend.as_str())));
    for report in reports {
        println!("{} ({}): {:?}", report.name, report.backend, report.memory);
        let told = report.memory.is_none_or(|memory| memory.total > 0 && memory.free <= memory.total);
        assert!(told && (report.backend == "vulkan" || report.memory.is_none()), "{report:?}");
    }
}

/// The export draws on a thread of its own.
#[test]
fn renderer_and_readback_can_move_to_another_thread() {
    fn assert_send<T: Send>() {}
    assert_send::<crate::render::OverlayRenderer>();
    assert_send::<Readback>();
}
