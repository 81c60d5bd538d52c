//! The file layer: the few things the embedded keeper asks of a disk.
//!
//! Everything that becomes durable goes through [`Files`], so that tests can put a disk in its place that fails on
//! schedule. The real one is [`DiskFiles`]. Nothing here knows a format.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// What is written past the cache lies at multiples of this, in the file and in memory: the longest that disks ask for.
pub(super) const PAST_CACHE_ALIGN_BYTES: usize = 4096;

/// An open file.
pub trait File: Send + Sync + fmt::Debug {
    /// Reads into the buffer from this offset; answers how many bytes, 0 at the end.
    ///
    /// # Errors
    /// Whatever the disk says; so with the others.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Reads into the free space behind the buffer's end, as much as there is; answers how many bytes, 0 at the end.
    /// A file that can does so without writing zeros there first.
    fn read_spare(&self, buffer: &mut Vec<u8>, offset: u64) -> io::Result<usize> {
        let (filled, spare) = (buffer.len(), buffer.capacity() - buffer.len());
        buffer.resize(filled + spare, 0);
        let read = self.read_at(&mut buffer[filled..], offset);
        buffer.truncate(filled + read.as_ref().copied().unwrap_or(0));
        read
    }
    /// Writes at this offset; answers how many bytes, which may be fewer than asked.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize>;
    /// The same past the cache of the operating system, if the file can, and if the offset, the length and the place in
    /// memory are multiples of 4,096. Pages of the cache are filled by copying; for many bytes that costs more than to
    /// bring them to the disk from where they are.
    fn write_past_cache(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        self.write_at(bytes, offset)
    }
    /// Makes what was written durable (`fdatasync`).
    fn sync(&self) -> io::Result<()>;
    /// How long it is, in bytes.
    fn size(&self) -> io::Result<u64>;
    /// Makes it this long; new bytes are zero.
    fn set_size(&self, size: u64) -> io::Result<()>;
    /// Makes it at least this long, with the space taken from the disk now; new bytes are zero.
    fn allocate(&self, size: u64) -> io::Result<()>;
}

/// A disk.
pub trait Files: Send + Sync + fmt::Debug {
    /// Opens a file that exists, to read and write.
    ///
    /// # Errors
    /// Whatever the disk says; so with the others.
    fn open(&self, path: &Path) -> io::Result<Arc<dyn File>>;
    /// Makes an empty file, in place of one that may be there.
    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>>;
    /// Gives a file another name, in place of one that may be there.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes a directory unless it is there.
    fn create_dir(&self, path: &Path) -> io::Result<()>;
    /// Makes the names in a directory durable.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;
    /// The names in a directory, sorted.
    fn list(&self, path: &Path) -> io::Result<Vec<String>>;
    /// Takes the lock of this file, making it if needed; `None` if another holds it. It is given back on drop.
    fn lock(&self, path: &Path) -> io::Result<Option<Lock>>;
}

/// A lock held until it is dropped.
pub type Lock = Box<dyn std::any::Any + Send + Sync>;

/// Reads the whole buffer from this offset.
pub(super) fn read_exact(file: &dyn File, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    let mut done = 0;
    while done < buffer.len() {
        match file.read_at(&mut buffer[done..], offset + done as u64) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(n) => done += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Reads `length` bytes from this offset.
pub(super) fn read_vec(file: &dyn File, offset: u64, length: usize) -> io::Result<Vec<u8>> {
    let mut buffer = Vec::with_capacity(length);
    while buffer.len() < length {
        let at = offset + buffer.len() as u64;
        match file.read_spare(&mut buffer, at) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    // There may have been more space than was asked for.
    buffer.truncate(length);
    Ok(buffer)
}

/// Writes all bytes at this offset.
pub(super) fn write_all(file: &dyn File, bytes: &[u8], offset: u64) -> io::Result<()> {
    write_each(bytes, offset, |bytes, offset| file.write_at(bytes, offset))
}

/// Writes all bytes at this offset, past the cache of the operating system if that can be.
pub(super) fn write_all_past_cache(file: &dyn File, bytes: &[u8], offset: u64) -> io::Result<()> {
    write_each(bytes, offset, |bytes, offset| file.write_past_cache(bytes, offset))
}

fn write_each(bytes: &[u8], offset: u64, write: impl Fn(&[u8], u64) -> io::Result<usize>) -> io::Result<()> {
    let mut done = 0;
    while done < bytes.len() {
        match write(&bytes[done..], offset + done as u64) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(n) => done += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Whether the disk said that it is full.
pub(super) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// The disk of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct DiskFiles;

#[derive(Debug)]
struct DiskFile {
    file: std::fs::File,
    #[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "only on Linux it is opened again"))]
    path: PathBuf,
    past_cache: Mutex<PastCache>,
}

/// The same file, opened a second time to be written past the cache; reads must not be held to whole pages.
#[derive(Debug)]
enum PastCache {
    NotTried,
    #[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "only on Linux it is tried"))]
    Open(std::fs::File),
    /// The file system cannot.
    Refused,
}

impl DiskFile {
    fn new(file: std::fs::File, path: &Path) -> Self {
        DiskFile { file, path: path.to_owned(), past_cache: Mutex::new(PastCache::NotTried) }
    }

    /// Opens the file again; not if another was put in its place meanwhile.
    #[cfg(target_os = "linux")]
    fn open_past_cache(&self) -> io::Result<PastCache> {
        use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
        let direct = rustix::fs::OFlags::DIRECT.bits().cast_signed();
        let again = std::fs::File::options().write(true).custom_flags(direct).open(&self.path)?;
        let (one, other) = (self.file.metadata()?, again.metadata()?);
        let same = (one.dev(), one.ino()) == (other.dev(), other.ino());
        Ok(if same { PastCache::Open(again) } else { PastCache::Refused })
    }

    #[cfg(not(target_os = "linux"))]
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "it is the same function where there is a way")]
    fn open_past_cache(&self) -> io::Result<PastCache> {
        Ok(PastCache::Refused)
    }
}

/// Whether the file system said that it cannot write past the cache, or not so.
fn is_refused(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported)
}

impl File for DiskFile {
    /// A page of a user's feed is a hundred small reads: the bare system call is a tenth cheaper than the C library's.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        Ok(rustix::io::pread(&self.file, buffer, offset)?)
    }

    #[cfg(target_os = "linux")]
    fn read_spare(&self, buffer: &mut Vec<u8>, offset: u64) -> io::Result<usize> {
        Ok(rustix::io::pread(&self.file, rustix::buffer::spare_capacity(buffer), offset)?)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        std::os::unix::fs::FileExt::write_at(&self.file, bytes, offset)
    }

    fn write_past_cache(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let align = PAST_CACHE_ALIGN_BYTES as u64;
        let whole = (bytes.as_ptr().addr() as u64).is_multiple_of(align)
            && offset.is_multiple_of(align)
            && (bytes.len() as u64).is_multiple_of(align);
        if !whole {
            return self.write_at(bytes, offset);
        }
        let mut past_cache = self.past_cache.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*past_cache, PastCache::NotTried) {
            // Whatever the reason, it can be written through the cache; without descriptors the next may go past it again.
            *past_cache = self.open_past_cache().unwrap_or_else(|error| match error.kind() {
                kind if is_refused(&error) || kind == io::ErrorKind::NotFound => PastCache::Refused,
                _ => PastCache::NotTried,
            });
        }
        if let PastCache::Open(file) = &*past_cache {
            match std::os::unix::fs::FileExt::write_at(file, bytes, offset) {
                Err(error) if is_refused(&error) => *past_cache = PastCache::Refused,
                other => return other,
            }
        }
        self.write_at(bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn set_size(&self, size: u64) -> io::Result<()> {
        self.file.set_len(size)
    }

    #[cfg(target_os = "linux")]
    fn allocate(&self, size: u64) -> io::Result<()> {
        match rustix::fs::fallocate(&self.file, rustix::fs::FallocateFlags::empty(), 0, size) {
            Ok(()) => Ok(()),
            // Some file systems cannot; then space is found when it is written, and full disks are met there.
            Err(rustix::io::Errno::OPNOTSUPP) => self.file.set_len(size.max(self.size()?)),
            Err(error) => Err(error.into()),
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn allocate(&self, size: u64) -> io::Result<()> {
        self.file.set_len(size.max(self.size()?))
    }
}

impl Files for DiskFiles {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        let file = std::fs::File::options().read(true).write(true).open(path)?;
        Ok(Arc::new(DiskFile::new(file, path)))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        let file = std::fs::File::options().read(true).write(true).create(true).truncate(true).open(path)?;
        Ok(Arc::new(DiskFile::new(file, path)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        std::fs::create_dir_all(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        std::fs::File::open(path)?.sync_all()
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(path)? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Lock>> {
        let file = std::fs::File::options().read(true).write(true).create(true).truncate(false).open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Box::new(file))),
            Err(std::fs::TryLockError::WouldBlock) => Ok(None),
            Err(std::fs::TryLockError::Error(error)) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes at a whole page of memory, or so many behind one.
    fn paged(buffer: &mut Vec<u8>, behind: usize, length: usize, with: u8) -> &[u8] {
        *buffer = Vec::with_capacity(length + 2 * PAST_CACHE_ALIGN_BYTES);
        let at = buffer.as_ptr().addr();
        let start = at.next_multiple_of(PAST_CACHE_ALIGN_BYTES) - at + behind;
        buffer.resize(start + length, with);
        &buffer[start..]
    }

    #[test]
    fn what_was_written_past_the_cache_is_read_through_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        let file = DiskFiles.create(&path).unwrap();
        file.allocate(1 << 20).unwrap();
        assert_eq!(read_vec(&*file, 0, 1 << 20).unwrap(), vec![0; 1 << 20]);
        let mut buffer = Vec::new();
        let mut expected = vec![0; 1 << 20];
        // Some of these cannot go past the cache, and must be written all the same.
        let writes = [(0, 0, 8_192), (4_096, 0, 200_704), (4_000, 0, 8_192), (8_192, 1, 8_192), (12_288, 0, 4_095)];
        for (number, (offset, behind, length)) in writes.into_iter().enumerate() {
            let with = u8::try_from(number).unwrap() + 1;
            write_all_past_cache(&*file, paged(&mut buffer, behind, length, with), offset as u64).unwrap();
            file.sync().unwrap();
            expected[offset..offset + length].fill(with);
            assert!(read_vec(&*file, 0, 1 << 20).unwrap() == expected, "write {number}");
        }
    }

    #[test]
    fn nothing_is_written_into_a_file_that_took_the_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        let file = DiskFiles.create(&path).unwrap();
        DiskFiles.rename(&path, &dir.path().join("before")).unwrap();
        let other = DiskFiles.create(&path).unwrap();
        let mut buffer = Vec::new();
        write_all_past_cache(&*file, paged(&mut buffer, 0, 8_192, 7), 0).unwrap();
        assert_eq!((file.size().unwrap(), other.size().unwrap()), (8_192, 0));
    }
}
