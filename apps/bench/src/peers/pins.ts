/** A gateway of somebody else that the npm registry has. */
export interface Peer {
  readonly name: string;
  readonly version: string;
  /** Of its archive, as the registry has it; what has another is not what was looked at. Its dependencies are chosen by npm. */
  readonly integrity: string;
  /** Its program, inside of its package. */
  readonly program: string;
}

/** The npm peers, in the order of the report. */
export const peerNames = ["mcp-hub", "mcp-proxy", "supergateway"] as const;

export type PeerName = (typeof peerNames)[number];

/** What is installed of each. */
export const peers: Readonly<Record<PeerName, Peer>> = {
  "mcp-hub": {
    name: "mcp-hub",
    version: "4.2.1",
    integrity: "sha512-GLtfsYwgtLMS0gyapxn+PTtS/3BX4dmQFqYg6oXjlk0udaYVWMLvMG50G9Nh/2ydzbeihxFMmwXBycr5TdA2AA==",
    program: "dist/cli.js",
  },
  "mcp-proxy": {
    name: "mcp-proxy",
    version: "6.7.19",
    integrity: "sha512-Nbfjj4VwVka1yAR/0fdD2G8borGOfjHEmfUzPFCH2nfQUNjWIij6s3gXMUhi2GUYE3FpUu8iFKE75ZQe/g1n8Q==",
    program: "dist/bin/mcp-proxy.mjs",
  },
  supergateway: {
    name: "supergateway",
    version: "4.0.0",
    integrity: "sha512-puVDDT5lB1tf0Pa3iw42e0yomEIInCweFmkb38zPjAsA1zh+sbq4PwzA5brrUkjVTOUuVMemsNdRnMEc0DBKAQ==",
    program: "dist/index.js",
  },
};
