//! The file layer: the few things the embedded keeper asks of a disk.
//!
//! Everything that becomes durable goes through [`Files`], so that tests can put a disk in its place that fails on
//! schedule. The real one is [`DiskFiles`]. Nothing here knows a format.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

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
    let mut done = 0;
    while done < bytes.len() {
        match file.write_at(&bytes[done..], offset + done as u64) {
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
struct DiskFile(std::fs::File);

impl File for DiskFile {
    /// A page of a user's feed is a hundred small reads: the bare system call is a tenth cheaper than the C library's.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        Ok(rustix::io::pread(&self.0, buffer, offset)?)
    }

    #[cfg(target_os = "linux")]
    fn read_spare(&self, buffer: &mut Vec<u8>, offset: u64) -> io::Result<usize> {
        Ok(rustix::io::pread(&self.0, rustix::buffer::spare_capacity(buffer), offset)?)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        std::os::unix::fs::FileExt::write_at(&self.0, bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn set_size(&self, size: u64) -> io::Result<()> {
        self.0.set_len(size)
    }

    #[cfg(target_os = "linux")]
    fn allocate(&self, size: u64) -> io::Result<()> {
        match rustix::fs::fallocate(&self.0, rustix::fs::FallocateFlags::empty(), 0, size) {
            Ok(()) => Ok(()),
            // Some file systems cannot; then space is found when it is written, and full disks are met there.
            Err(rustix::io::Errno::OPNOTSUPP) => self.0.set_len(size.max(self.size()?)),
            Err(error) => Err(error.into()),
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn allocate(&self, size: u64) -> io::Result<()> {
        self.0.set_len(size.max(self.size()?))
    }
}

impl Files for DiskFiles {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        let file = std::fs::File::options().read(true).write(true).open(path)?;
        Ok(Arc::new(DiskFile(file)))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        let file = std::fs::File::options().read(true).write(true).create(true).truncate(true).open(path)?;
        Ok(Arc::new(DiskFile(file)))
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
