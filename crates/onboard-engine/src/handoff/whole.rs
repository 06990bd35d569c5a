//! A hand-off is replaced whole: whatever stops a run, the file holds what it held before or all that is new.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// Puts a new file, synced and locked, in the place of the one that is held; that it is still there is looked at last.
pub(super) fn replace(path: &Path, held: &mut File, text: &str) -> io::Result<()> {
    let parent = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = File::open(parent.unwrap_or(Path::new(".")))?;
    clear(path)?;
    let beside = beside(path);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    let mut put = || {
        // Whatever the umask: the owner can read it.
        file.set_permissions(Permissions::from_mode(0o600))?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        file.lock()?;
        if !stands(path, held)? {
            return Err(io::Error::other("it is not the file any more that this run began with"));
        }
        fs::rename(&beside, path)
    };
    put().inspect_err(|_| {
        let _ = fs::remove_file(&beside);
    })?;
    *held = file;
    folder.sync_all()
}

/// Whether the file that is held is the one that stands there.
pub(super) fn stands(path: &Path, held: &File) -> io::Result<bool> {
    let (there, ours) = (fs::symlink_metadata(path)?, held.metadata()?);
    Ok((there.dev(), there.ino()) == (ours.dev(), ours.ino()))
}

/// Removes what a run left that was stopped dead before it could put it in its place: it may hold a secret, and nobody
/// else knows of it. Only who holds the lock of the hand-off may do so.
pub(super) fn clear(path: &Path) -> io::Result<()> {
    let beside = beside(path);
    let left = match fs::symlink_metadata(&beside) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        left => left?,
    };
    if left.is_file() && left.uid() == rustix::process::geteuid().as_raw() && left.mode() & 0o077 == 0 {
        return fs::remove_file(&beside);
    }
    Err(io::Error::other(format!("{} is in the way, and is no file of this tool's", beside.display())))
}

/// One name for all runs, so that the next one finds what the last one left.
fn beside(path: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".new");
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(folder: &Path) -> (PathBuf, File) {
        let path = folder.join("h.json");
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).unwrap();
        (path, file)
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn it_is_a_new_file_each_time_and_locked() {
        let folder = tempfile::tempdir().unwrap();
        let (path, mut held) = made(folder.path());
        for text in ["one", "two"] {
            replace(&path, &mut held, text).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
            assert!(stands(&path, &held).unwrap() && File::open(&path).unwrap().try_lock().is_err());
            assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        }
        assert_eq!(names(folder.path()), ["h.json"]);
    }

    #[test]
    fn what_took_its_place_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (path, mut held) = made(folder.path());
        fs::write(folder.path().join("theirs"), "theirs").unwrap();
        fs::rename(folder.path().join("theirs"), &path).unwrap();
        assert!(replace(&path, &mut held, "ours").is_err());
        assert_eq!((fs::read_to_string(&path).unwrap().as_str(), names(folder.path()).len()), ("theirs", 1));
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("elsewhere", &path).unwrap();
        assert!(replace(&path, &mut held, "ours").is_err());
        assert_eq!((names(folder.path()).len(), path.is_symlink()), (1, true));
        fs::remove_file(&path).unwrap();
        assert!(replace(&path, &mut held, "ours").is_err());
        assert_eq!(names(folder.path()).len(), 0);
    }

    #[test]
    fn only_a_private_file_is_taken_for_a_leftover() {
        let folder = tempfile::tempdir().unwrap();
        let (path, mut held) = made(folder.path());
        let left = folder.path().join(".h.json.new");
        fs::write(&left, "secret").unwrap();
        fs::set_permissions(&left, Permissions::from_mode(0o644)).unwrap();
        assert!(replace(&path, &mut held, "ours").is_err());
        assert_eq!(fs::read_to_string(&left).unwrap(), "secret");
        fs::set_permissions(&left, Permissions::from_mode(0o600)).unwrap();
        clear(&path).unwrap();
        assert_eq!(names(folder.path()), ["h.json"]);
        fs::write(folder.path().join("theirs"), "theirs").unwrap();
        std::os::unix::fs::symlink(folder.path().join("theirs"), &left).unwrap();
        assert!(replace(&path, &mut held, "ours").is_err());
        assert_eq!(fs::read_to_string(folder.path().join("theirs")).unwrap(), "theirs");
        assert!(left.is_symlink());
    }
}
