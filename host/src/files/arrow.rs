//! Arrow IPC streams: record batches as they come, in bounded memory.

use std::io::{self, Read};

use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::reader::StreamDecoder;
use arrow_schema::SchemaRef;

const BLOCK: usize = 64 << 10;
/// Bytes that one message may take. The decoder gathers a message before it reads it.
const LONGEST: usize = 256 << 20;

/// A stream of record batches. Batches whose buffers are compressed are refused: a stream is compressed
/// as a whole, and a length that a buffer claims for itself is not to be believed.
pub(super) struct ArrowStream {
    bytes: Box<dyn Read + Send>,
    decoder: StreamDecoder,
    waiting: Buffer,
    first: Option<RecordBatch>,
    /// Bytes given to the decoder since the last batch.
    since: usize,
    rows: u64,
    last: u64,
    ended: bool,
}

impl ArrowStream {
    /// Reads up to the schema.
    pub fn open(bytes: Box<dyn Read + Send>) -> io::Result<(SchemaRef, Self)> {
        let mut it = ArrowStream {
            bytes,
            decoder: StreamDecoder::new(),
            waiting: Buffer::from_vec(Vec::<u8>::new()),
            first: None,
            since: 0,
            rows: 0,
            last: 0,
            ended: false,
        };
        loop {
            if let Some(schema) = it.decoder.schema() {
                return Ok((schema, it));
            }
            match it.step()? {
                Some(batch) => it.first = Some(batch),
                None if it.ended => return Err(io::Error::other("is no Arrow stream: it has no schema")),
                None => {}
            }
        }
    }

    /// Rows before the batch that came last.
    pub fn n_before(&self) -> u64 {
        self.rows - self.last
    }

    /// A batch, if one is whole.
    fn step(&mut self) -> io::Result<Option<RecordBatch>> {
        if self.waiting.is_empty() {
            let mut block = vec![0; BLOCK];
            let n = self.bytes.read(&mut block)?;
            if n == 0 {
                self.ended = true;
                self.decoder
                    .finish()
                    .map_err(|error| io::Error::other(format!("the Arrow stream is cut off: {error}")))?;
                return Ok(None);
            }
            block.truncate(n);
            self.waiting = Buffer::from_vec(block);
        }
        let before = self.waiting.len();
        let batch = self.decoder.decode(&mut self.waiting).map_err(io::Error::other)?;
        self.since += before - self.waiting.len();
        if batch.is_some() {
            self.since = 0;
        } else if self.since > LONGEST {
            return Err(io::Error::other(format!("a record batch is longer than {LONGEST} bytes; send smaller ones")));
        }
        Ok(batch)
    }
}

impl Iterator for ArrowStream {
    type Item = io::Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(batch) = self.first.take() {
                self.last = batch.num_rows() as u64;
                self.rows += self.last;
                return Some(Ok(batch));
            }
            if self.ended {
                return None;
            }
            match self.step() {
                Ok(batch) => self.first = batch,
                Err(error) => {
                    self.ended = true;
                    return Some(Err(error));
                }
            }
        }
    }
}
