/** What the network counts. The node gives a sink for its own registry; without one nothing is counted. */

export const NETWORK_EVENTS = [
  'connection_opened',
  'connection_closed',
  'handshake_refused',
  'handshake_timeout',
  'other_node_version',
  'penalty',
  'ban',
  'consensus_sent',
  'consensus_dropped',
  'consensus_received',
  'consensus_refused',
  'gossip_published',
  'gossip_received',
  'gossip_forwarded',
  'gossip_refused',
  'request_sent',
  'request_served',
  'request_refused',
] as const;
export type NetworkEvent = (typeof NETWORK_EVENTS)[number];

/** Adds `amount` to the counter of `event`. Must not throw. */
export type CountEvent = (event: NetworkEvent, amount?: number) => void;
