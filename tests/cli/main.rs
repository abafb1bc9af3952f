//! The program as a user meets it: run in a temporary folder, told by its output, exit code and files.

mod attacks;
mod compare;
mod damage;
mod doctor;
mod download;
mod eda;
mod errors;
mod evaluate;
mod explain;
mod export;
mod generate;
mod import_keras;
mod import_torch;
mod init;
#[cfg(unix)]
mod interrupt;
mod mended;
mod pipe;
mod precision;
mod predict;
mod prepare;
mod published;
mod recommend;
mod reproduce;
mod scene;
#[path = "../support/server.rs"]
mod server;
#[path = "../support/signal.rs"]
mod signal;
mod topk;
mod trace;
mod train;
mod tune;
