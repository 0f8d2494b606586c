//! What is asked of etcd more than once: one key, several at one revision, a folder in pages, a watch. Nothing of it changes
//! anything, or it may take place twice.

use etcd_client::{
    GetOptions, GetResponse, KeyValue, ResponseHeader, Txn, TxnOp, TxnOpResponse, TxnResponse, WatchOptions,
    WatchStream,
};
use tokio::time::timeout;

use super::fault::Fault;
use super::keys::end_of;
use super::link::{CALL, Connection, Link};

/// Keys of one page.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pages {
    /// etcd's revision at which all pages are read.
    pub(super) at: i64,
    /// The most keys in one.
    pub(super) size: i64,
    /// Whether the values stay away.
    pub(super) only_keys: bool,
}

impl Link {
    /// One key, or a range of them.
    pub(super) async fn get(&self, key: &str, options: Option<GetOptions>) -> Result<GetResponse, Fault> {
        self.ask(|mut kv| {
            let (key, options) = (key.to_owned(), options.clone());
            async move { kv.get(key, options).await }
        })
        .await
    }

    /// All keys that begin with `folder`, in the order of their names.
    pub(super) async fn below(&self, folder: &str, options: GetOptions) -> Result<Vec<KeyValue>, Fault> {
        let mut found = self.get(folder, Some(options.with_range(end_of(folder)))).await?;
        Ok(found.take_kvs())
    }

    /// A transaction that may be sent twice.
    pub(super) async fn txn(&self, txn: Txn) -> Result<TxnResponse, Fault> {
        self.ask(|mut kv| {
            let txn = txn.clone();
            async move { kv.txn(txn).await }
        })
        .await
    }

    /// Several reads at one revision of etcd, which is given beside the responses.
    pub(super) async fn read<const N: usize>(
        &self,
        reads: [TxnOp; N],
    ) -> Result<([GetResponse; N], i64), Fault> {
        let (found, at) = self.read_all(reads.into()).await?;
        Ok((found.try_into().map_err(|_| other_shape())?, at))
    }

    /// The same for as many as etcd takes at once.
    pub(super) async fn read_all(&self, reads: Vec<TxnOp>) -> Result<(Vec<GetResponse>, i64), Fault> {
        let number = reads.len();
        let response = self.txn(Txn::new().and_then(reads)).await?;
        let found = gets(response.op_responses());
        if found.len() != number {
            return Err(other_shape());
        }
        Ok((found, response.header().map_or(0, ResponseHeader::revision)))
    }

    /// All keys that begin with `folder`, page by page.
    pub(super) async fn pages(
        &self,
        folder: &str,
        Pages { at, size, only_keys }: Pages,
        mut each: impl FnMut(&KeyValue),
    ) -> Result<(), Fault> {
        let end = end_of(folder);
        let mut from = folder.as_bytes().to_vec();
        loop {
            let mut options = GetOptions::new().with_range(end.clone()).with_limit(size).with_revision(at);
            if only_keys {
                options = options.with_keys_only();
            }
            let page = self
                .ask(|mut kv| {
                    let (from, options) = (from.clone(), options.clone());
                    async move { kv.get(from, Some(options)).await }
                })
                .await?;
            page.kvs().iter().for_each(&mut each);
            let Some(last) = page.kvs().last().filter(|_| page.more()) else { return Ok(()) };
            // The first key after the last one.
            from = [last.key(), &[0]].concat();
        }
    }

    /// A watch, and the connection that it runs over, which is given up when it cannot be opened.
    pub(super) async fn watch(
        &self,
        key: String,
        options: WatchOptions,
    ) -> Result<(WatchStream, Connection), Fault> {
        let connection = self.connection().await?;
        let mut client = connection.client();
        let fault = match timeout(CALL, client.watch(key, Some(options))).await {
            Ok(Ok(stream)) => return Ok((stream, connection)),
            Ok(Err(error)) => Fault::of(&error, connection.endpoint()),
            Err(_) => Fault::TimedOut(CALL),
        };
        self.give_up(&connection).await;
        Err(fault)
    }
}

/// The responses to reads, in their order.
pub(super) fn gets(responses: Vec<TxnOpResponse>) -> Vec<GetResponse> {
    let got = |response| match response {
        TxnOpResponse::Get(got) => Some(got),
        TxnOpResponse::Put(_) | TxnOpResponse::Delete(_) | TxnOpResponse::Txn(_) => None,
    };
    responses.into_iter().filter_map(got).collect()
}

fn other_shape() -> Fault {
    Fault::Other("a response of another shape than the request".to_owned())
}
