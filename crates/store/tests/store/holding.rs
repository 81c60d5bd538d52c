//! A hold that is placed while a sweep is under way on the embedded keeper.

use crate::contract::directory::settings;
use crate::deed::{deed, enterprise, unseen};
use crate::disk::Disk;
use crate::trial::{HOME, NOW, whole, window};
use feed::directory::Effect;
use feed::hold::{Hold, Scope};
use feed::id::UserId;
use feed::retention::Days;
use feed::time::Second;
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use store::embedded::files::{File, Files, Lock};
use store::embedded::{EmbeddedStore, Options};
use store::ledger::{Batch, Ledger};
use store::retention_store::RetentionStore;

const DAY_S: u32 = 86_400;
const SHORT: Days = Days { user: 14, streaming: 7, history: 20, events: 30 };

/// What to do once, when the next data file is begun.
type Hook = Arc<Mutex<Option<Box<dyn FnOnce() + Send>>>>;

/// A disk on which somebody waits for the next data file to be begun.
struct Watched {
    disk: Disk,
    hook: Hook,
}

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.disk.fmt(f)
    }
}

impl Files for Watched {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        self.disk.open(path)
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        if path.to_string_lossy().ends_with(".data.new") {
            let hook = self.hook.lock().unwrap().take();
            hook.into_iter().for_each(|hook| hook());
        }
        self.disk.create(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.disk.remove(path)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.disk.create_dir(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.disk.sync_dir(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        self.disk.list(path)
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Lock>> {
        self.disk.lock(path)
    }
}

#[tokio::test]
async fn a_hold_placed_while_a_sweep_is_under_way_keeps_everything() {
    let hook = Hook::default();
    let watched = Watched { disk: Disk::new(1), hook: hook.clone() };
    let options = Options { preallocate_bytes: 1 << 14, threads: false, ..Options::default() };
    let store = EmbeddedStore::open_on(Arc::new(watched), Path::new("/store"), options).unwrap();
    // Half a day before and half a day after the cut, so that the half is written again and not just taken away.
    let start = NOW.next_multiple_of(DAY_S);
    for (now, deeds) in [
        (start, vec![unseen([Effect::EnterpriseSet(settings(HOME, SHORT))]), deed("old")]),
        (start + DAY_S / 2, vec![deed("later")]),
        (start + 2 * DAY_S, vec![deed("new")]),
    ] {
        let events = deeds.iter().map(|deed| deed.event(Second(now))).collect();
        store.append(Batch { enterprise: enterprise(HOME), events, now: Second(now) }).await.unwrap();
    }
    let now = Second(start + 30 * DAY_S + DAY_S / 4);
    // Puts the partition away, and takes the user half.
    store.sweep(Second(start + 16 * DAY_S)).await.unwrap();
    let placing = store.clone();
    *hook.lock().unwrap() = Some(Box::new(move || {
        let hold = Hold {
            id: "h".to_owned(),
            enterprise: enterprise(HOME),
            name: "Case".to_owned(),
            why: String::new(),
            scope: Scope::default(),
            placed_by: UserId::new("7").unwrap(),
            placed_at: now,
            until: None,
            released: None,
        };
        let placed = std::pin::pin!(placing.add_hold(hold)).poll(&mut Context::from_waker(Waker::noop()));
        assert_eq!(placed, Poll::Ready(Ok(true)));
    }));
    let swept = store.sweep(now).await.unwrap();
    assert!(hook.lock().unwrap().is_none(), "the sweep was under way");
    assert_eq!((swept.renderings, swept.more), (0, true));
    let shown = store.scan(whole(window())).await.unwrap();
    assert_eq!(shown.count, 3);
    assert_eq!(store.sweep(now).await.unwrap().renderings, 0);
    assert!(store.forget_hold(&enterprise(HOME), "h").await.unwrap());
    assert_eq!(store.sweep(now).await.unwrap().renderings, 2, "the old one, and the new one from the user feed");
}
