//! What every store that is written must hold to, whatever it keeps things in: `store/contract.rs` has the cases,
//! and each kind of store adds one file that says how it is opened. What only one kind can do stands beside it.

#[cfg(test)]
#[path = "store/asked.rs"]
mod asked;

#[cfg(test)]
#[path = "store/contract.rs"]
mod contract;

#[cfg(test)]
#[path = "store/crash.rs"]
mod crash;

#[cfg(test)]
#[path = "store/directory.rs"]
mod directory;

#[cfg(test)]
#[path = "store/etcd.rs"]
mod etcd;

#[cfg(test)]
#[path = "store/folder.rs"]
mod folder;

#[cfg(test)]
#[path = "store/full_disk.rs"]
mod full_disk;

#[cfg(test)]
#[path = "store/memory.rs"]
mod memory;

#[cfg(test)]
#[path = "store/model.rs"]
mod model;
