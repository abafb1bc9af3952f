//! The server as its clients meet it: the program itself on a port of the loopback interface, spoken to in plain HTTP.
#![cfg(unix)]

mod admin;
mod browser;
mod client;
mod drift;
mod limits;
mod malformed;
mod pages;
mod same;
#[path = "../support/signal.rs"]
mod signal;
mod signals;
mod traffic;
