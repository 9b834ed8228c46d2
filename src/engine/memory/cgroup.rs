//! The control group that this process is in: its limit, what is in use, and a group of its own for a worker.
//!
//! Version 1 is described in the kernel's `admin-guide/cgroup-v1/memory.rst`, version 2 in `admin-guide/cgroup-v2.rst`.
//! Every function takes the file system's root, so that a test can hand it a folder.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// A limit as large as this is version 1's way to say that there is none: the largest count of pages.
const NO_LIMIT: u64 = 1 << 60;

/// Limit and use of a control group, bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupMemory {
    /// The smallest limit of the group and those above it.
    pub limit: u64,
    /// In use now, without the file pages that the kernel would drop.
    pub unreclaimable: u64,
}

/// The two ways that control groups are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    One,
    Two,
}

impl Version {
    fn limit_file(self) -> &'static str {
        match self {
            Self::One => "memory.limit_in_bytes",
            Self::Two => "memory.max",
        }
    }

    fn usage_file(self) -> &'static str {
        match self {
            Self::One => "memory.usage_in_bytes",
            Self::Two => "memory.current",
        }
    }
}

/// Where a process's memory group is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    version: Version,
    /// Where the hierarchy is mounted.
    mount: PathBuf,
    /// The group's folder.
    group: PathBuf,
}

/// Limit and use of the control group of this process; `None` where there is none or it has no limit.
///
/// # Errors
/// In words, where the group's files are there and cannot be read or understood.
pub fn own(root: &Path) -> Result<Option<GroupMemory>, String> {
    let Some(place) = place(root)? else { return Ok(None) };
    let mut limit: Option<u64> = None;
    let (mut here, mut found) = (place.group.as_path(), false);
    loop {
        if let Some(text) = read(&here.join(place.version.limit_file()))? {
            found = true;
            let own = limit_in(&text).map_err(|bad| format!("{}: {bad}", here.display()))?;
            limit = [limit, own].into_iter().flatten().min();
        }
        match here.parent() {
            Some(above) if here != place.mount => here = above,
            _ => break,
        }
    }
    let (true, Some(limit)) = (found, limit) else { return Ok(None) };
    let usage = match read(&place.group.join(place.version.usage_file()))? {
        Some(text) => limit_in(&text)?.unwrap_or(0),
        None => 0,
    };
    let inactive = read(&place.group.join("memory.stat"))?.map_or(0, |stat| stat_field(&stat, place.version));
    Ok(Some(GroupMemory { limit, unreclaimable: usage.saturating_sub(inactive) }))
}

/// Finds the group from `/proc/self/cgroup` (cgroups(7)).
fn place(root: &Path) -> Result<Option<Place>, String> {
    let Some(text) = read(&root.join("proc/self/cgroup"))? else { return Ok(None) };
    let mounted = root.join("sys/fs/cgroup");
    let lines = || text.lines().filter_map(|line| line.splitn(3, ':').collect::<Vec<_>>().try_into().ok());
    let one = lines().find(|[_, controllers, _]: &[&str; 3]| controllers.split(',').any(|c| c == "memory"));
    let two = lines().find(|[number, controllers, _]: &[&str; 3]| *number == "0" && controllers.is_empty());
    let (version, mount, path) = match (one, two) {
        (Some([_, _, path]), _) => (Version::One, mounted.join("memory"), path),
        (None, Some([_, _, path])) => (Version::Two, mounted, path),
        (None, None) => return Ok(None),
    };
    if !mount.is_dir() {
        return Ok(None);
    }
    // In a container the path can be the host's, of which only the mount itself is seen.
    let group = mount.join(path.trim_start_matches('/'));
    let group = if group.is_dir() { group } else { mount.clone() };
    Ok(Some(Place { version, mount, group }))
}

/// A file's text; `None` where there is no such file.
fn read(path: &Path) -> Result<Option<String>, String> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(format!("{}: {cause}", path.display())),
    }
}

/// A limit or count as the kernel writes it; `None` for no limit.
fn limit_in(text: &str) -> Result<Option<u64>, String> {
    match text.trim() {
        "max" => Ok(None),
        number => {
            let bytes: u64 = number.parse().map_err(|_| format!("'{number}' is no number of bytes"))?;
            Ok((bytes < NO_LIMIT).then_some(bytes))
        }
    }
}

/// File pages that were not used lately: the first that the kernel drops.
fn stat_field(stat: &str, version: Version) -> u64 {
    let name = match version {
        Version::One => "total_inactive_file ",
        Version::Two => "inactive_file ",
    };
    stat.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok()).unwrap_or(0)
}

/// A control group made for one worker; it goes when this does.
#[derive(Debug)]
pub struct WorkerGroup {
    folder: PathBuf,
}

impl WorkerGroup {
    /// Makes a group that may hold `limit` bytes; `None` where this user may not.
    ///
    /// Version 2 lets no group have both processes and limited children (its "no internal process" rule), so there the
    /// new group lies beside the own one, where the group above hands the memory controller down.
    pub fn make(root: &Path, name: &str, limit: u64) -> Option<Self> {
        let place = place(root).ok().flatten()?;
        let above = match place.version {
            Version::One => place.group.clone(),
            Version::Two => place.group.parent().filter(|_| place.group != place.mount)?.to_owned(),
        };
        if place.version == Version::Two {
            let handed_down = std::fs::read_to_string(above.join("cgroup.subtree_control")).ok()?;
            handed_down.split_whitespace().find(|controller| *controller == "memory")?;
        }
        let folder = above.join(name);
        std::fs::create_dir(&folder).ok()?;
        let group = Self { folder };
        std::fs::write(group.folder.join(place.version.limit_file()), limit.to_string()).ok()?;
        Some(group)
    }

    /// Moves a process into the group.
    ///
    /// # Errors
    /// Where the system does not let this user.
    pub fn take(&self, process: u32) -> std::io::Result<()> {
        std::fs::write(self.folder.join("cgroup.procs"), process.to_string())
    }

    /// How often the kernel has killed a process of the group for its limit; `None` where it does not tell.
    pub fn kills(&self) -> Option<u64> {
        let two = std::fs::read_to_string(self.folder.join("memory.events"));
        let told = two.or_else(|_| std::fs::read_to_string(self.folder.join("memory.oom_control"))).ok()?;
        told.lines().find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok())
    }
}

impl Drop for WorkerGroup {
    fn drop(&mut self) {
        // A group that still holds a process stays; the system removes it with its last user's session.
        let _ = std::fs::remove_dir(&self.folder);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    /// A file system with these files.
    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        root
    }

    #[test]
    fn version_two_takes_the_smallest_limit_on_the_way_up() {
        let root = tree(&[
            ("proc/self/cgroup", "0::/user/app\n"),
            ("sys/fs/cgroup/user/memory.max", "4294967296\n"),
            ("sys/fs/cgroup/user/app/memory.max", "max\n"),
            ("sys/fs/cgroup/user/app/memory.current", "3221225472\n"),
            ("sys/fs/cgroup/user/app/memory.stat", "anon 5\ninactive_file 1073741824\n"),
        ]);
        assert_eq!(own(root.path()), Ok(Some(GroupMemory { limit: 4 * GIB, unreclaimable: 2 * GIB })));
    }

    #[test]
    fn version_one_is_read_also_where_the_path_is_the_hosts() {
        let root = tree(&[
            ("proc/self/cgroup", "5:cpu:/x\n4:memory:/docker/abc\n0::/\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "2147483648\n"),
            ("sys/fs/cgroup/memory/memory.usage_in_bytes", "1073741824\n"),
        ]);
        assert_eq!(own(root.path()), Ok(Some(GroupMemory { limit: 2 * GIB, unreclaimable: GIB })));
    }

    #[test]
    fn no_limit_and_no_group_are_nothing() {
        let unlimited = tree(&[
            ("proc/self/cgroup", "4:memory:/\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"),
        ]);
        assert_eq!(own(unlimited.path()), Ok(None));
        assert_eq!(own(tree(&[]).path()), Ok(None));
        assert_eq!(own(tree(&[("proc/self/cgroup", "garbage\n")]).path()), Ok(None));
    }

    #[test]
    fn a_limit_that_cannot_be_read_is_an_error_that_names_it() {
        let nonsense = tree(&[("proc/self/cgroup", "0::/\n"), ("sys/fs/cgroup/memory.max", "a lot\n")]);
        let error = own(nonsense.path()).unwrap_err();
        assert!(error.contains("'a lot'"), "{error}");
        // A folder in the file's place cannot be read by anyone, whatever his rights.
        let folder = tree(&[("proc/self/cgroup", "0::/\n"), ("sys/fs/cgroup/memory.max/x", "")]);
        let error = own(folder.path()).unwrap_err();
        assert!(error.contains("memory.max"), "{error}");
    }

    #[test]
    fn a_worker_gets_a_group_only_where_the_user_may() {
        let root = tree(&[
            ("proc/self/cgroup", "0::/user/app\n"),
            ("sys/fs/cgroup/user/cgroup.subtree_control", "cpu memory pids\n"),
            ("sys/fs/cgroup/user/app/cgroup.procs", ""),
        ]);
        let group = WorkerGroup::make(root.path(), "worker", GIB).unwrap();
        let folder = root.path().join("sys/fs/cgroup/user/worker");
        assert_eq!(std::fs::read_to_string(folder.join("memory.max")).unwrap(), GIB.to_string());
        std::fs::write(folder.join("memory.events"), "low 0\noom 1\noom_kill 1\n").unwrap();
        assert_eq!(group.kills(), Some(1));
        group.take(77).unwrap();
        assert_eq!(std::fs::read_to_string(folder.join("cgroup.procs")).unwrap(), "77");
        std::fs::write(root.path().join("sys/fs/cgroup/user/cgroup.subtree_control"), "cpu\n").unwrap();
        assert!(WorkerGroup::make(root.path(), "other", GIB).is_none());
        assert!(WorkerGroup::make(tree(&[]).path(), "worker", GIB).is_none());
    }
}
