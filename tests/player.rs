//! The player on a fake clip whose pictures carry their number: what is shown is what was asked for.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use snowmesh::engine::{Player, Proxy};
use snowmesh::types::Rational;
use snowmesh::video::fake::{FakeSource, number_in};

/// Long enough for any machine; a test that needs it all has failed.
const PATIENCE: Duration = Duration::from_secs(20);

fn player(source: FakeSource) -> Player {
    Player::new(Box::new(source), Arc::new(|| {})).unwrap()
}

/// Waits until `holds`, and says whether it came to hold.
fn wait_for(holds: impl Fn() -> bool) -> bool {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if holds() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    false
}

fn shows(player: &Player, index: u64) -> bool {
    player.frame().is_some_and(|frame| frame.index == index && number_in(&frame.image) == index)
}

#[test]
fn the_first_frame_appears_by_itself_and_nothing_moves() {
    let player = player(FakeSource::with_constant_rate(64, 36, 10));
    assert!(wait_for(|| shows(&player, 0)));
    assert!(!player.state().playing);
}

#[test]
fn every_seek_ends_on_the_frame_asked_for() {
    let player = player(FakeSource::with_constant_rate(64, 36, 300));
    for index in [299, 0, 150, 149, 148, 200, 7, 8, 9, 298] {
        player.seek(index);
        assert!(wait_for(|| shows(&player, index)), "frame {index}");
    }
    player.seek(10_000);
    assert!(wait_for(|| shows(&player, 299)));
    player.step(-1);
    assert!(wait_for(|| shows(&player, 298)));
}

#[test]
fn a_scrub_that_outruns_the_decoder_ends_on_the_last_request() {
    let slow = FakeSource::with_constant_rate(64, 36, 200).with_delay(Duration::from_millis(3));
    let player = player(slow);
    for index in (0..200).rev() {
        player.seek(index);
    }
    player.seek(123);
    assert!(wait_for(|| shows(&player, 123)));
}

#[test]
fn the_nearest_frame_is_shown_as_itself_until_the_exact_one_is_there() {
    let slow = FakeSource::with_constant_rate(64, 36, 400).with_key_frames_every(200);
    let player = player(slow.with_delay(Duration::from_millis(4)));
    assert!(wait_for(|| shows(&player, 0)));
    player.seek(390);
    assert!(wait_for(|| player.frame().is_some_and(|frame| frame.index >= 200)));
    let near = player.frame().unwrap();
    assert!(near.index < 390, "decoding from frame 200 takes three quarters of a second");
    assert_eq!(number_in(&near.image), near.index, "what is shown says which frame it is");
    assert!(wait_for(|| shows(&player, 390)));
}

#[test]
fn a_long_way_is_left_when_another_frame_is_wanted() {
    let slow = FakeSource::with_constant_rate(64, 36, 1000).with_key_frames_every(500);
    let player = player(slow.with_delay(Duration::from_millis(20)));
    assert!(wait_for(|| shows(&player, 0)));
    // Ten seconds of decoding, which nobody waits for.
    player.seek(499);
    std::thread::sleep(Duration::from_millis(50));
    let start = Instant::now();
    player.seek(500);
    assert!(wait_for(|| shows(&player, 500)));
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn frames_around_the_playhead_are_there_before_they_are_asked_for() {
    let player = player(FakeSource::with_constant_rate(64, 36, 300).with_key_frames_every(100));
    player.seek(150);
    assert!(wait_for(|| shows(&player, 150)));
    // The call that asks for a cached frame shows it: nobody is waited for.
    let there = |index: u64| {
        player.seek(index);
        player.frame().is_some_and(|frame| frame.index == index)
    };
    assert!(wait_for(|| there(110) && there(190) && there(150)));
}

#[test]
fn playing_ends_on_the_last_frame_and_starts_over_from_there() {
    let clip = || FakeSource::new(64, 36, (0..12).collect(), Rational { num: 1, den: 120 });
    let player = player(clip());
    player.play(false);
    assert!(wait_for(|| !player.state().playing));
    assert!(wait_for(|| shows(&player, 11)));
    player.set_speed(0.1);
    player.play(false);
    assert_eq!(player.state().playhead, 0);
    assert!(wait_for(|| player.state().playhead > 3));
    player.play(true);
    assert!(wait_for(|| !player.state().playing && shows(&player, 0)));
}

#[test]
fn a_loop_stays_between_its_points() {
    let player = player(FakeSource::new(64, 36, (0..100).collect(), Rational { num: 1, den: 200 }));
    player.set_range(40, 30);
    assert_eq!(player.state().range, (30, 40));
    player.set_looping(true);
    player.play(false);
    let mut starts = 0;
    let mut last = 0;
    assert!(wait_for(|| player.state().playhead == 40));
    assert!(wait_for(|| shows(&player, 40) || player.state().playhead < 40));
    let start = Instant::now();
    while starts < 3 && start.elapsed() < PATIENCE {
        let at = player.state().playhead;
        assert!((30..=40).contains(&at), "{at}");
        starts += u32::from(at < last);
        last = at;
        std::thread::sleep(Duration::from_millis(1));
    }
    assert!(starts >= 3);
    player.pause();
    assert!(!player.state().playing);
}

#[test]
fn a_damaged_frame_is_told_and_the_others_are_shown() {
    let player = player(FakeSource::with_constant_rate(64, 36, 30).with_bad_frames([5, 6]));
    assert!(wait_for(|| shows(&player, 0)));
    player.seek(5);
    assert!(wait_for(|| player.take_warning().is_some_and(|warning| warning.contains('5'))));
    player.seek(7);
    assert!(wait_for(|| shows(&player, 7)));
}

#[test]
fn a_clip_of_one_frame_plays() {
    let player = player(FakeSource::with_constant_rate(64, 36, 1));
    player.set_looping(true);
    player.play(false);
    assert!(wait_for(|| shows(&player, 0) && !player.state().playing));
}

#[test]
fn a_small_copy_stands_in_for_a_frame_until_that_is_there() {
    let slow = FakeSource::with_constant_rate(128, 72, 400).with_key_frames_every(400);
    let player = player(slow.with_delay(Duration::from_millis(4)));
    assert!(wait_for(|| shows(&player, 0)));
    player.set_proxy(Proxy::new(Box::new(FakeSource::with_constant_rate(64, 36, 400))));
    player.seek(390);
    // The copy says the same frame by a picture of its own size.
    assert!(wait_for(|| shows(&player, 390)));
    assert_eq!(player.frame().unwrap().image.width, 64, "decoding to frame 390 takes more than a second");
    assert!(wait_for(|| player.frame().unwrap().image.width == 128));
    assert!(shows(&player, 390), "the original follows by itself");
    player.step(-1);
    assert!(wait_for(|| shows(&player, 389) && player.frame().unwrap().image.width == 128));
}

#[test]
fn a_clip_that_plays_never_shows_its_small_copy() {
    let player = player(FakeSource::new(128, 72, (0..60).collect(), Rational { num: 1, den: 200 }));
    player.set_proxy(Proxy::new(Box::new(FakeSource::with_constant_rate(64, 36, 60))));
    player.play(false);
    while player.state().playing {
        assert!(player.frame().is_none_or(|frame| frame.image.width == 128));
    }
}
