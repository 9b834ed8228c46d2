//! Files and places that are not as they should be.

use rusqlite::Connection;

use super::super::samples::records;
use super::super::*;
use super::{open, place, resume, store_with};

/// Opening `content` as an analysis fails in both ways, names the file, and leaves it as it is.
fn refused(content: &[u8]) -> StoreError {
    let (dir, path) = place();
    std::fs::write(&path, content).unwrap();
    let writing = [OpenMode::Resume, OpenMode::Restart].map(|mode| open(&path, mode).unwrap_err());
    let reading = AnalysisStore::open_read_only(&path).unwrap_err();
    for error in writing.iter().chain([&reading]) {
        assert_eq!(std::mem::discriminant(error), std::mem::discriminant(&reading), "{error}");
        assert!(error.to_string().contains("Sprung über 2 m.mp4.snowmesh"), "{error}");
    }
    assert!(std::fs::read(&path).unwrap() == content, "the file was altered");
    drop(dir);
    reading
}

/// The bytes of a closed analysis of 60 frames, after `change`.
fn file_after(change: impl FnOnce(&Connection)) -> Vec<u8> {
    let (_dir, path) = place();
    drop(store_with(&path, 60));
    let conn = Connection::open(&path).unwrap();
    change(&conn);
    conn.close().unwrap();
    std::fs::read(&path).unwrap()
}

#[test]
fn files_that_can_not_be_read_are_refused_and_kept() {
    assert!(matches!(refused(b"a shopping list, not a database"), StoreError::Foreign { .. }));
    assert!(matches!(refused(&[0; 5000]), StoreError::Foreign { .. }));

    let newer = file_after(|conn| conn.pragma_update(None, "user_version", 2).unwrap());
    assert!(matches!(refused(&newer), StoreError::Newer { found: 2, supported: 1, .. }));

    let foreign = file_after(|conn| conn.pragma_update(None, "application_id", 7).unwrap());
    assert!(matches!(refused(&foreign), StoreError::Foreign { .. }));

    let whole = file_after(|_| {});
    assert!(whole.len() > 40_000);
    assert!(matches!(refused(&whole[..whole.len() / 2]), StoreError::Corrupt { .. }));

    let mut damaged = whole;
    damaged[8192..20_000].fill(0xA5);
    assert!(matches!(refused(&damaged), StoreError::Corrupt { .. }));
}

#[test]
fn a_body_that_can_not_be_decoded_is_an_error_not_a_panic() {
    let (_dir, path) = place();
    drop(store_with(&path, 5));
    Connection::open(&path).unwrap().execute("UPDATE observations SET body = x'0102'", []).unwrap();
    let error = AnalysisStore::open_read_only(&path).unwrap().observations(..).unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
}

#[test]
fn a_file_left_empty_by_a_killed_creation_counts_as_new() {
    let (_dir, path) = place();
    std::fs::write(&path, b"").unwrap();
    assert!(matches!(AnalysisStore::open_read_only(&path), Err(StoreError::NotFound { .. })));
    // Killed after the switch to write-ahead mode and before the tables were made.
    Connection::open(&path).unwrap().pragma_update(None, "journal_mode", "wal").unwrap();
    assert!(std::fs::metadata(&path).unwrap().len() > 0);
    assert!(matches!(AnalysisStore::open_read_only(&path), Err(StoreError::NotFound { .. })));
    assert_eq!(resume(&path).1, Opened::New);
}

#[test]
fn a_place_that_can_not_be_written_points_to_the_store_option() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, b"x").unwrap();
    let directory = dir.path().join("clip.mp4.snowmesh");
    std::fs::create_dir(&directory).unwrap();
    for path in [file.join("clip.mp4.snowmesh"), dir.path().join("none/clip.mp4.snowmesh"), directory] {
        let error = open(&path, OpenMode::Resume).unwrap_err();
        assert!(matches!(error, StoreError::NotWritable { .. }), "{error}");
        assert!(error.to_string().contains("--store"), "{error}");
        assert!(matches!(AnalysisStore::open_read_only(&path), Err(StoreError::NotFound { .. })));
    }
}

#[cfg(unix)]
#[test]
fn a_finished_analysis_in_a_read_only_folder_can_be_read() {
    use std::os::unix::fs::PermissionsExt;
    let (dir, path) = place();
    drop(store_with(&path, 3));
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o555)).unwrap();
    let root = std::fs::write(dir.path().join("probe"), b"").is_ok();
    let (read, write) = (AnalysisStore::open_read_only(&path), open(&path, OpenMode::Resume));
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    if root {
        println!("skipped: this user may write read-only folders");
        return;
    }
    assert_eq!(read.unwrap().next_frame().unwrap(), 3);
    assert!(matches!(write, Err(StoreError::NotWritable { .. })));
}

#[test]
fn a_full_disk_is_told_and_keeps_what_was_there() {
    let (_dir, path) = place();
    let mut store = store_with(&path, 10);
    let pages: i64 = store.conn.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    store.conn.pragma_update_and_check(None, "max_page_count", pages + 2, |_| Ok(())).unwrap();
    let error = store.append(&records(10..100)).unwrap_err();
    assert!(matches!(error, StoreError::DiskFull { .. }), "{error}");
    drop(store);
    let (mut store, opened) = resume(&path);
    assert_eq!(opened, Opened::Resumed { next_frame: 10 });
    assert_eq!(store.observations(..).unwrap(), records(0..10));
    store.append(&records(10..100)).unwrap();
}
