//! Scripted clips through the online tracker and the offline pass.

use glam::{Quat, Vec2};

use super::scenes::{Noise, PICTURE, film, rider_at, seen, settings};
use super::*;
use crate::types::{BBox, FrameEvidence, Provenance, RiderFrame, TrackId};

fn online(frames: &[FrameObservations]) -> Vec<Vec<RiderFrame>> {
    let mut tracker = Tracker::new(settings());
    frames.iter().map(|f| tracker.advance(f.frame, f.pts_s, &f.observations, &f.evidence)).collect()
}

fn provenances(resolved: &Resolved, range: std::ops::Range<usize>) -> Vec<Option<Provenance>> {
    resolved.frames[range].iter().map(|riders| riders.first().map(|rider| rider.provenance)).collect()
}

/// One rider on a straight way through the picture, unseen in the frames for which `hidden` is true.
fn one_rider(count: u64, hidden: impl Fn(u64) -> bool) -> Vec<FrameObservations> {
    film(count, |frame, t| {
        if hidden(frame) { vec![] } else { vec![rider_at(Vec2::new(200.0 + 60.0 * t, 150.0 + 20.0 * t))] }
    })
}

#[test]
fn an_empty_clip_has_nobody() {
    assert_eq!(resolve(&settings(), &[]), Resolved::default());
    let resolved = resolve(&settings(), &film(5, |_, _| vec![]));
    assert_eq!((resolved.tracks.len(), resolved.frames.len()), (0, 5));
    assert_eq!(Tracker::new(settings()).advance(0, 0.0, &[], &FrameEvidence::default()), []);
}

#[test]
fn online_a_rider_is_told_once_certain_and_offline_from_his_first_frame() {
    let clip = one_rider(30, |_| false);
    let live = online(&clip);
    assert!(live[..4].iter().all(Vec::is_empty));
    assert!(live[4..].iter().all(|r| r.len() == 1 && r[0].track == TrackId(1)));

    let resolved = resolve(&settings(), &clip);
    assert_eq!(resolved.tracks.len(), 1);
    let track = &resolved.tracks[0];
    assert_eq!((track.first_frame, track.last_frame, track.detected_frames), (0, 29, 30));
    assert!(track.is_main);
    for (frame, riders) in clip.iter().zip(&resolved.frames) {
        assert_eq!(riders.len(), 1);
        assert_eq!(riders[0].provenance, Provenance::Detected);
        assert_eq!(riders[0].bbox, frame.observations[0].detection.bbox);
        assert_eq!(riders[0].body, frame.observations[0].body);
    }
}

#[test]
fn a_clip_shorter_than_certainty_still_has_its_rider() {
    for count in 1..=2 {
        let resolved = resolve(&settings(), &one_rider(count, |_| false));
        assert_eq!(resolved.tracks.len(), 1, "{count} frames");
        assert!(resolved.tracks[0].is_main);
    }
}

#[test]
fn riders_who_cross_keep_their_identities() {
    // They pass each other within two frames in which their boxes are all but one.
    let (right, left) =
        (|t: f32| Vec2::new(120.0 + 150.0 * t, 180.0), |t: f32| Vec2::new(520.0 - 150.0 * t, 184.0));
    let clip = film(80, |_, t| vec![rider_at(right(t)), rider_at(left(t))]);
    let resolved = resolve(&settings(), &clip);
    assert_eq!(resolved.tracks.len(), 2);
    let id_at = |frames: &[Vec<RiderFrame>], at: usize, place: Vec2| {
        frames[at].iter().find(|r| r.bbox.center().distance(place) < 15.0).map(|r| r.track)
    };
    let live = online(&clip);
    for frames in [&resolved.frames, &live] {
        let ids = [right(0.2), left(0.2)].map(|place| id_at(frames, 6, place).unwrap());
        assert_ne!(ids[0], ids[1]);
        for at in (6..38).chain(45..80) {
            let t = at as f32 / 30.0;
            assert_eq!(
                [right(t), left(t)].map(|place| id_at(frames, at, place)),
                ids.map(Some),
                "frame {at}"
            );
        }
    }
    assert!(resolved.frames.iter().all(|riders| riders.len() == 2), "nobody is missing while they pass");
}

#[test]
fn unseen_frames_are_predicted_live_and_interpolated_afterwards() {
    let clip = one_rider(60, |frame| (30..40).contains(&frame));
    let truth = one_rider(60, |_| false);
    let live = online(&clip);
    let mut last_score = 0.8;
    for (riders, truth) in live.iter().zip(&truth).take(40).skip(30) {
        let (rider, real) = (&riders[0], &truth.observations[0]);
        assert_eq!(rider.provenance, Provenance::Predicted);
        assert!(rider.score < last_score && rider.score > 0.0, "trust falls with every frame");
        last_score = rider.score;
        assert!(rider.bbox.iou(&real.detection.bbox) > 0.9);
        let (body, real) = (rider.body.as_ref().unwrap(), real.body.as_ref().unwrap());
        assert!((body.translation_m - real.translation_m).length() < 0.1);
        assert!(body.confidence < real.confidence);
    }
    assert_eq!(live[40][0].provenance, Provenance::Detected);

    let resolved = resolve(&settings(), &clip);
    assert_eq!(provenances(&resolved, 30..40), [Some(Provenance::Interpolated); 10]);
    assert_eq!(resolved.tracks[0].detected_frames, 50);
    for (riders, truth) in resolved.frames.iter().zip(&truth).take(40).skip(30) {
        let (rider, real) = (&riders[0], &truth.observations[0]);
        assert!((rider.bbox.center() - real.detection.bbox.center()).length() < 1e-2);
        let (body, real) = (rider.body.as_ref().unwrap(), real.body.as_ref().unwrap());
        assert!((body.translation_m - real.translation_m).length() < 1e-4);
        assert!((body.joints_3d[9] - real.joints_3d[9]).length() < 1e-4);
        assert!((body.joints_2d[9].position - real.joints_2d[9].position).length() < 1e-2);
    }
}

#[test]
fn a_turning_body_is_interpolated_on_the_arc() {
    let turned = |frame: u64| Quat::from_rotation_y(frame as f32 * 0.1);
    let clip = film(20, |frame, _| {
        let mut rider = rider_at(Vec2::new(300.0, 180.0));
        rider.body.as_mut().unwrap().smpl.global_orient = turned(frame);
        if (8..12).contains(&frame) { vec![] } else { vec![rider] }
    });
    for (at, riders) in resolve(&settings(), &clip).frames.iter().enumerate() {
        let found = riders[0].body.as_ref().unwrap().smpl.global_orient;
        assert!(found.angle_between(turned(at as u64)) < 2e-3, "frame {at}");
    }
}

#[test]
fn time_and_not_the_frame_number_places_an_interpolated_rider() {
    let times = [0.0, 0.03, 0.05, 0.1, 0.13, 0.2, 0.4, 0.43, 0.5, 0.6, 0.63];
    let at_time = |t: f64| rider_at(Vec2::new(100.0 + 300.0 * t as f32, 180.0));
    let clip: Vec<_> = (0_u64..)
        .zip(times)
        .map(|(frame, pts_s)| FrameObservations {
            frame,
            pts_s,
            change: None,
            observations: if [5, 6, 7].contains(&frame) { vec![] } else { vec![at_time(pts_s)] },
            evidence: FrameEvidence::default(),
        })
        .collect();
    let resolved = resolve(&settings(), &clip);
    assert_eq!(resolved.tracks.len(), 1);
    for (riders, time) in resolved.frames.iter().zip(times) {
        let expected = at_time(time).detection.bbox.center();
        assert!((riders[0].bbox.center() - expected).length() < 0.01, "at {time} s");
    }
}

#[test]
fn a_rider_who_is_hardly_seen_at_first_is_himself_from_the_start() {
    // Three frames, then none for half a second: too few to be certain and too long to wait.
    let resolved = resolve(&settings(), &one_rider(80, |frame| (3..18).contains(&frame)));
    assert_eq!(resolved.tracks.len(), 1);
    assert_eq!((resolved.tracks[0].first_frame, resolved.tracks[0].detected_frames), (0, 65));
    // By themselves they are nobody.
    assert!(resolve(&settings(), &one_rider(80, |frame| frame >= 3)).tracks.is_empty());
}

#[test]
fn something_seen_once_is_nobody() {
    let clip = film(40, |frame, t| {
        let mut seen = vec![rider_at(Vec2::new(200.0 + 60.0 * t, 150.0))];
        if frame == 20 {
            seen.push(rider_at(Vec2::new(560.0, 80.0)));
        }
        seen
    });
    assert!(online(&clip).iter().flatten().all(|rider| rider.track == TrackId(1)));
    let resolved = resolve(&settings(), &clip);
    assert_eq!(resolved.tracks.len(), 1);
    assert!(resolved.frames.iter().all(|riders| riders.len() == 1));
}

#[test]
fn half_a_second_unseen_keeps_the_identity() {
    let clip = one_rider(80, |frame| (30..45).contains(&frame));
    let live = online(&clip);
    assert!(live.iter().flatten().all(|rider| rider.track == TrackId(1)));
    assert_eq!(live[45][0].provenance, Provenance::Detected);
    assert_eq!(resolve(&settings(), &clip).tracks.len(), 1);
}

#[test]
fn a_rider_who_is_gone_long_and_comes_back_is_joined_but_not_invented() {
    // Unseen for 2.2 s, which is longer than the tracker waits.
    let clip = film(150, |frame, t| {
        let place = Vec2::new(300.0 + 30.0 * (t * 2.0).sin(), 180.0);
        if (40..106).contains(&frame) { vec![] } else { vec![rider_at(place)] }
    });
    assert_eq!(online(&clip)[149][0].track, TrackId(2), "the tracker alone takes him for another");
    let resolved = resolve(&settings(), &clip);
    assert_eq!(resolved.tracks.len(), 1);
    assert_eq!(resolved.tracks[0].detected_frames, 84);
    assert_eq!(provenances(&resolved, 40..54), [Some(Provenance::Predicted); 14]);
    assert_eq!(provenances(&resolved, 56..106), [None; 50]);
    assert_eq!(provenances(&resolved, 106..150), [Some(Provenance::Detected); 44]);
}

#[test]
fn somebody_elsewhere_and_of_another_size_is_not_joined() {
    let clip = film(150, |frame, _| match frame {
        0..40 => vec![rider_at(Vec2::new(100.0, 100.0))],
        90.. => vec![seen(BBox::new(450.0, 40.0, 560.0, 340.0), 0.8)],
        _ => vec![],
    });
    assert_eq!(resolve(&settings(), &clip).tracks.len(), 2);
}

#[test]
fn a_rider_who_leaves_the_picture_is_not_predicted_outside() {
    let clip = film(60, |_, t| {
        let x = 400.0 + 300.0 * t;
        if x > 630.0 { vec![] } else { vec![rider_at(Vec2::new(x, 180.0))] }
    });
    let resolved = resolve(&settings(), &clip);
    for rider in resolved.frames.iter().flatten() {
        assert!(rider.bbox.center().x <= PICTURE.x);
    }
    assert!(resolved.frames[25..].iter().all(Vec::is_empty));
}

#[test]
fn unsure_detections_go_on_with_a_track_but_begin_none() {
    let unsure = |x: f32| {
        let mut rider = rider_at(Vec2::new(x, 180.0));
        rider.detection.score = 0.2;
        rider
    };
    let clip = film(60, |frame, t| {
        let rider =
            if frame < 20 { rider_at(Vec2::new(200.0 + 60.0 * t, 180.0)) } else { unsure(200.0 + 60.0 * t) };
        vec![rider, unsure(550.0)]
    });
    let resolved = resolve(&settings(), &clip);
    assert_eq!(resolved.tracks.len(), 1);
    assert_eq!(resolved.tracks[0].detected_frames, 60);
}

#[test]
fn a_body_that_could_not_be_recovered_is_filled_in_and_said_to_be() {
    let mut clip = one_rider(20, |_| false);
    clip[9].observations[0].body = None;
    let resolved = resolve(&settings(), &clip);
    let rider = &resolved.frames[9][0];
    assert_eq!(rider.provenance, Provenance::Interpolated);
    assert_eq!(rider.bbox, clip[9].observations[0].detection.bbox);
    let place = (clip[8].observations[0].body.as_ref().unwrap().translation_m
        + clip[10].observations[0].body.as_ref().unwrap().translation_m)
        / 2.0;
    assert!((rider.body.as_ref().unwrap().translation_m - place).length() < 1e-4);

    for frame in &mut clip {
        frame.observations[0].body = None;
    }
    assert_eq!(resolve(&settings(), &clip).tracks[0].detected_frames, 20, "a detector alone still detects");
}

#[test]
fn numbers_left_out_are_frames_without_anybody() {
    let mut clip = one_rider(60, |_| false);
    clip.retain(|frame| !(20..30).contains(&frame.frame));
    let resolved = resolve(&settings(), &clip);
    assert_eq!((resolved.tracks.len(), resolved.frames.len()), (1, 50));
    assert_eq!((resolved.tracks[0].first_frame, resolved.tracks[0].last_frame), (0, 59));

    // Detections further apart than a newcomer may be unseen never become a rider.
    let sparse: Vec<_> = one_rider(60, |_| false).into_iter().step_by(6).collect();
    assert_eq!(resolve(&settings(), &sparse).tracks, []);
}

#[test]
fn frames_out_of_order_are_ignored() {
    let mut clip = one_rider(30, |_| false);
    clip[12].pts_s = 0.1;
    clip[15].frame = 3;
    clip[18].pts_s = f64::NAN;
    let resolved = resolve(&settings(), &clip);
    assert_eq!(resolved.tracks.len(), 1);
    assert_eq!(resolved.tracks[0].detected_frames, 27);
    assert!(resolved.frames[12].is_empty() && resolved.frames[18].is_empty());
}

/// A busy clip of shaking people, false alarms, misses and numbers that are none.
fn chaos(seed: u32) -> Vec<FrameObservations> {
    let noise = std::cell::RefCell::new(Noise(seed));
    film(150, |_, t| {
        let random = || noise.borrow_mut().next();
        let mut people: Vec<_> = (0..4)
            .map(|person| {
                let place =
                    Vec2::new(100.0 + 130.0 * person as f32 + 80.0 * (t + person as f32).sin(), 180.0);
                let mut one = rider_at(place + Vec2::new(random(), random()) * 12.0);
                one.detection.score = random();
                one
            })
            .collect();
        people.retain(|_| random() > 0.2);
        if random() > 0.7 {
            let corner = Vec2::new(random(), random()) * PICTURE;
            people.push(seen(
                BBox { min: corner, max: corner + Vec2::new(random(), random()) * 200.0 },
                random(),
            ));
        }
        if random() > 0.9 {
            let mut broken = rider_at(Vec2::splat(f32::NAN));
            broken.detection.bbox = BBox::from_center(PICTURE / 2.0, Vec2::splat(60.0));
            people.push(broken);
        }
        people
    })
}

#[test]
fn the_same_clip_gives_the_same_riders_and_every_rule_holds_in_chaos() {
    for seed in 1..6 {
        let clip = chaos(seed);
        let resolved = resolve(&settings(), &clip);
        // Debug texts, since NaN is not equal to itself.
        assert_eq!(format!("{resolved:?}"), format!("{:?}", resolve(&settings(), &clip)));
        assert_eq!(format!("{:?}", online(&clip)), format!("{:?}", online(&clip)));

        assert!(resolved.tracks.len() >= 4);
        assert!(resolved.tracks.iter().filter(|track| track.is_main).count() <= 1);
        for frames in [&resolved.frames, &online(&clip)] {
            for riders in frames {
                assert!(riders.is_sorted_by(|a, b| a.track < b.track), "each rider once, by id");
                assert!(riders.iter().all(|r| r.bbox.is_valid() && (0.0..=1.0).contains(&r.score)));
            }
        }
        for track in &resolved.tracks {
            let of_track = |frame: usize| resolved.frames[frame].iter().find(|r| r.track == track.id);
            let known: Vec<_> = (0..150).filter(|&frame| of_track(frame).is_some()).collect();
            assert_eq!(known.first().map(|f| *f as u64), Some(track.first_frame));
            assert_eq!(known.last().map(|f| *f as u64), Some(track.last_frame));
            let detected =
                known.iter().filter(|&&f| of_track(f).unwrap().provenance == Provenance::Detected).count();
            assert_eq!(detected as u64, track.detected_frames);
        }
    }
}

/// Two shots of somebody who stands still, the second of `after` frames, as the camera sees a cut.
fn two_shots(before: u64, after: u64) -> Vec<FrameObservations> {
    let mut clip = film(before + after, |_, _| vec![rider_at(Vec2::new(320.0, 180.0))]);
    for (frame, observations) in clip.iter_mut().enumerate().skip(1) {
        observations.change = Some(if frame as u64 == before { 50.0 } else { 3.0 });
    }
    clip
}

#[test]
fn nobody_is_followed_across_a_cut_though_he_stands_where_the_other_stood() {
    let resolved = resolve(&settings(), &two_shots(30, 30));
    let spans: Vec<_> = resolved.tracks.iter().map(|t| (t.id.0, t.first_frame, t.last_frame)).collect();
    assert_eq!(spans, [(1, 0, 29), (2, 30, 59)]);
    assert!(resolved.tracks.iter().all(|track| track.is_main), "each is the main rider of his shot");
}

#[test]
fn a_shot_of_two_frames_has_a_rider_too() {
    let resolved = resolve(&settings(), &two_shots(30, 2));
    assert_eq!(resolved.tracks.len(), 2);
    assert_eq!(resolved.tracks[1].detected_frames, 2);
}

#[test]
fn after_a_cut_the_tracker_expects_nobody_and_gives_no_id_twice() {
    let seen = [rider_at(Vec2::new(320.0, 180.0))];
    let mut tracker = Tracker::new(settings());
    for frame in 0..10 {
        tracker.advance(frame, frame as f64 / 30.0, &seen, &FrameEvidence::default());
    }
    tracker.cut();
    let told: Vec<_> = (10..20)
        .map(|frame| tracker.advance(frame, frame as f64 / 30.0, &seen, &FrameEvidence::default()))
        .collect();
    assert_eq!(told[0], []);
    assert_eq!(told[9][0].track, TrackId(2));
}
