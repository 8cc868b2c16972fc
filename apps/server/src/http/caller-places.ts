import type { IncomingMessage, ServerResponse } from "node:http";
import { Allowance, partOf, shareOf } from "@mcp-hangar/core";
import type { Caller } from "@mcp-hangar/telemetry";
import { addressKey } from "./address-key.ts";
import type { Refusal } from "./answer.ts";
import type { ConnectionLimits } from "./connection-room.ts";

export interface CallerPlacesOptions {
  /** Read on each use, because they may change. */
  readonly limits: () => ConnectionLimits;
  /** Tells the addresses that the limit of one address is not for: trusted proxies, which speak for many clients. */
  readonly isProxy: (address: string) => boolean;
  /** Told of each request beyond the limits. */
  readonly onRefusal: () => void;
}

/** What one caller may hold of the connections, of an address and in all: the same part as of slots. */
const PART = { ofOne: 4, all: 5 } as const;

const REFUSAL: Refusal = {
  status: 503,
  code: "overloaded",
  message: "this caller has as many open requests as it may (four fifths of http.max_connections_per_address)",
  headers: { "retry-after": "1" },
};

/**
 * Bounds the connections that wait for answers to one caller, so that others from the same address find room: connections that wait
 * for nothing make it (see `connection-room.ts`), and these are refused their answer at once. Callers who are not asked who they are
 * cannot be told apart at one address.
 */
export class CallerPlaces {
  readonly #options: CallerPlacesOptions;
  readonly #inAll = new Places();
  readonly #byAddress = new Map<string, Places>();
  #allowances: Allowances | undefined;
  /** Most requests come from where the last one came from. */
  #last = { remote: "", address: "", isProxy: false };

  constructor(options: CallerPlacesOptions) {
    this.#options = options;
  }

  /** Counts a request until its response is closed; the refusal when its caller has too many. */
  refusal({ socket }: IncomingMessage, response: ServerResponse, caller: Caller): Refusal | undefined {
    if (caller.type === "anonymous") return undefined;
    const { address, isProxy } = this.#placeOf(socket.remoteAddress ?? "");
    const share = shareOf(caller);
    const allowances = this.#current();
    const here = this.#byAddress.get(address) ?? new Places();
    if (!this.#inAll.admits(share, allowances.all) || !(isProxy || here.admits(share, allowances.address))) {
      this.#options.onRefusal();
      return REFUSAL;
    }
    this.#inAll.add(share, 1);
    here.add(share, 1);
    if (here.taken === 1) this.#byAddress.set(address, here);
    response.once("close", () => {
      this.#inAll.add(share, -1);
      here.add(share, -1);
      if (here.taken === 0) this.#byAddress.delete(address);
    });
    return undefined;
  }

  #placeOf(remote: string): { readonly address: string; readonly isProxy: boolean } {
    if (remote !== this.#last.remote) {
      this.#last = { remote, address: addressKey(remote), isProxy: this.#options.isProxy(remote) };
    }
    return this.#last;
  }

  /** Limits change with the configuration, which is hardly ever. */
  #current(): Allowances {
    const { total, perAddress } = this.#options.limits();
    const known = this.#allowances;
    if (known?.all.places === total && known.address.places === perAddress) return known;
    this.#allowances = { address: allowanceOf(perAddress), all: allowanceOf(total) };
    return this.#allowances;
  }
}

interface Allowances {
  readonly address: Allowance;
  readonly all: Allowance;
}

function allowanceOf(places: number): Allowance {
  return new Allowance(places, partOf(places, PART.ofOne, PART.all));
}

/** Places that callers hold. */
class Places {
  readonly #own = new Map<string, number>();
  taken = 0;

  /** A caller's only request is never refused: it came on a connection, and that may be one beyond the limits for the metrics. */
  admits(share: string, allowance: Allowance): boolean {
    const own = this.#own.get(share) ?? 0;
    return own === 0 || allowance.admits(own, this.taken);
  }

  add(share: string, count: 1 | -1): void {
    this.taken += count;
    const own = (this.#own.get(share) ?? 0) + count;
    if (own === 0) this.#own.delete(share);
    else this.#own.set(share, own);
  }
}
