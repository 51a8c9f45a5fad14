//! HTTP to servers that a configuration names, and to no others: redirects off, addresses checked when they are dialled.
