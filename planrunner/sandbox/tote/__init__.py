"""The Tote's sandbox: pools on the world's races behind a GraphQL gateway, and messages over a WebSocket."""
