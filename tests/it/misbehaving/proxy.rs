//! A proxy for CONNECT.

use super::{listen, read_request, stop};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use url::Url;

/// A proxy that leads every CONNECT to one address, whatever name it is asked for.
pub struct ConnectProxy {
    pub url: Url,
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    stopped: Arc<AtomicBool>,
}

impl ConnectProxy {
    pub fn to(target: SocketAddr) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = asked.clone();
        let (address, stopped) = listen(move |mut stream| {
            let Some((request, _)) = read_request(&mut stream) else {
                return;
            };
            stream.read_exact(&mut [0]).unwrap();
            log.lock()
                .unwrap()
                .push(format!("{} {}", request.method, request.target));
            let mut far = TcpStream::connect(target).unwrap();
            let _ = stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n");
            let (mut from_near, mut to_far) =
                (stream.try_clone().unwrap(), far.try_clone().unwrap());
            std::thread::spawn(move || {
                let _ = std::io::copy(&mut from_near, &mut to_far);
                let _ = to_far.shutdown(std::net::Shutdown::Write);
            });
            let _ = std::io::copy(&mut far, &mut stream);
            let _ = stream.shutdown(std::net::Shutdown::Both);
        });
        Self {
            url: format!("http://{address}").parse().unwrap(),
            address,
            asked,
            stopped,
        }
    }

    /// Method and target of everything that was asked.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for ConnectProxy {
    fn drop(&mut self) {
        stop(self.address, &self.stopped);
    }
}
