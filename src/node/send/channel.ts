/**
 * The way out for one response: what a StreamResponse needs from whatever carries its octets, and what every way has in
 * common: it watches the client, and bounds the time without progress. The timers are the response's own; those that the
 * application has set on the socket stay as they are.
 */
import type { Socket } from 'node:net';
import type { FieldPairs } from '../../core/fields.ts';
import { enlist, isDraining, type Open } from '../draining.ts';
import { onSocketClose } from '../socket-use.ts';
import type { Framer } from './body-writer.ts';
import { onCloseAll } from './close-all.ts';
import { holdSocket, isToClose, lingeringClose, lingeringReset, reset, sendAll } from './closing.ts';

/** What whoever writes into a channel is told. */
export interface ChannelOptions {
  /** Milliseconds without progress while the response is open, to `onIdle`; 0 for no bound. */
  idleTimeout: number;
  /** Milliseconds that a failed response may take without progress, and to go on reading after our FIN; Infinity: no bound. */
  lingerTimeout: number;
  /** The client has left while the response was open. */
  onGone(): void;
  onIdle(): void;
  /** Somebody else has ended, written to or destroyed the response or its connection. */
  onForeign(what: string): void;
  /** Whether content has been written that has not come to the channel yet. */
  hasContent(): boolean;
  /** The server has no more time for it. */
  onShutdown(error: Error): void;
}

/** Of a channel that is to end what has failed, and nothing else: nobody writes into it. */
export const endingOnly: Omit<ChannelOptions, 'lingerTimeout'> = {
  idleTimeout: 300_000,
  onGone: ignore,
  onIdle: ignore,
  onForeign: ignore,
  hasContent: () => false,
  onShutdown: ignore,
};

/** What is known once the head is committed. */
export interface MessageFacts {
  /** Whether the connection may go on after a whole message. */
  isPersistent: boolean;
  /** Whether the connection is to be closed after the message, whatever else would let it go on. */
  closes: boolean;
  /** Whether only the end of the connection tells where the body ends: nobody else may end it. */
  isDelimitedByClose: boolean;
  /** Whether a failure is told: then nobody else may cut the connection before. */
  tellsFailure: boolean;
}

export type OnDone = (isSent: boolean) => void;

const NOTHING_KNOWN: MessageFacts = {
  isPersistent: false,
  closes: false,
  isDelimitedByClose: false,
  tellsFailure: false,
};

export abstract class Channel implements Open {
  protected readonly options: ChannelOptions;
  protected readonly connection: Socket;
  protected facts = NOTHING_KNOWN;
  #timer: NodeJS.Timeout | undefined;
  /** When something moved last. The timer looks there: to set it anew for every write would cost more. */
  #movedAt = 0;
  /** The same when the timer was set. */
  #setAt = 0;
  #lastQueued = 0;
  /** Milliseconds without progress, from the moment at which it may write. */
  #bound = 0;
  #isWaiting = false;
  /** Its timer is not set before the end of the turn in which it was opened: most responses are over by then (measured). */
  #isNew = true;
  /** Milliseconds that the end may take at most, from that moment; and when that is over. */
  #endBound = Number.POSITIVE_INFINITY;
  #deadline = Number.POSITIVE_INFINITY;
  #isOpen = true;
  #forgetClose = ignore;
  /** Those of the server that are open. */
  #others: Set<Open> | undefined;
  #letGo = ignore;
  #forgetAll = ignore;

  constructor(connection: Socket, options: ChannelOptions) {
    this.connection = connection;
    this.options = options;
  }

  /** Whether the client has left, as far as can be told. */
  abstract readonly isGone: boolean;
  /** Whether nothing can be sent any more. */
  abstract readonly isClosed: boolean;
  /** Whether it can show the failure of a body that only the end of the connection delimits. */
  abstract readonly canReset: boolean;
  /** Whether nobody reads from a buffer any more once `write` has called back for it. */
  abstract readonly returnsBuffers: boolean;
  /**
   * Whether somebody else frames the body, and may change or record what passes: then content is written, not chunks.
   * Asked once, when the head is committed.
   */
  abstract readonly isShared: boolean;
  /** Who frames the body where the channel is shared. */
  abstract readonly framer: Framer | undefined;
  /** The status that has been set on the response itself. */
  abstract readonly status: number;

  /** Whether the server is taken out of service: the connection is closed after this response. */
  get isDraining(): boolean {
    return isDraining(this.connection);
  }

  /**
   * Begins the message. Octets that go before everything else are returned; there are none where Node writes the head.
   *
   * @throws whatever a hook of the application throws; nothing has been sent then
   */
  abstract begin(status: number, fields: FieldPairs, facts: MessageFacts): Uint8Array[];

  /** The same for a message that takes the place of the one that was meant: nothing of that is left in its head. */
  abstract beginError(status: number, fields: FieldPairs, facts: MessageFacts): Uint8Array[];

  /** Sends the head that has been begun, without content. */
  abstract flushHead(head: readonly Uint8Array[]): void;

  /** Sends the pieces together; `onSent` once more may be written, or with an error. */
  abstract write(pieces: readonly Uint8Array[], onSent: (error?: Error | null) => void): void;

  /** Sends the end of a whole message. The connection goes on for the next request, if it may. */
  abstract finish(pieces: readonly Uint8Array[], onDone: OnDone): void;

  /** Gives out the socket, and nobody else writes to it any more, once all that was written is queued there. */
  protected abstract takeSocket(onTaken: (socket: Socket) => void): void;

  /** The channel has no more to do with the socket. */
  protected abstract leave(): void;

  /** Sends octets that are never framed, then FIN; the lingering goes on after `onDone`. */
  close(pieces: readonly Uint8Array[], onDone: OnDone): void {
    this.endWith(onDone, this.leavingTimeout, (settle) => {
      this.takeSocket((socket) => {
        sendAll(socket, pieces, (isSent) => {
          this.#letGo();
          lingeringClose(socket, this.options.lingerTimeout);
          settle(isSent);
        });
      });
    });
  }

  /**
   * Sends what is queued, then RST.
   *
   * @param hasLeft whether the client has left: then the source is let go before the RST. Else `onDone` is told when it is
   *   over: the error may end the process, which sends FIN
   */
  reset(hasLeft: boolean, onDone: OnDone): void {
    let wasSent = false;
    let isTold = false;
    const tell = (isSent: boolean) => {
      if (!isTold) onDone(isSent);
      isTold = true;
    };
    this.facts = { ...this.facts, isDelimitedByClose: true }; // should it take too long, RST is what remains
    this.endWith(
      (isSent) => tell(isSent || wasSent),
      this.leavingTimeout,
      (settle) => {
        this.takeSocket((socket) => {
          sendAll(socket, [], (isSent) => {
            wasSent = isSent;
            if (hasLeft) tell(isSent);
            if (socket.destroyed) return settle(isSent);
            this.#rehold(socket, () => false);
            lingeringReset(socket, () => settle(isSent));
          });
        });
      },
    );
  }

  /** The message has been begun. */
  protected commit(facts: MessageFacts): void {
    this.facts = facts;
    if (!this.#isWaiting) this.#own();
  }

  /**
   * FIN is what a body ends with that nothing else delimits; and who closes the connection of one whose failure is told has
   * ended it as a failure.
   */
  #own(): void {
    const { isDelimitedByClose, tellsFailure } = this.facts;
    if (!this.#isOpen || !(isDelimitedByClose || tellsFailure)) return;
    this.#rehold(this.connection, () => {
      // Node itself answers the FIN of a client with ours, which is no end of chunks.
      const hasLeft = this.connection.readableEnded;
      if (hasLeft && !isDelimitedByClose) return true;
      if (hasLeft) this.gone();
      else this.options.onForeign('the connection');
      return false;
    });
    // A body that nothing delimits has its own RST.
    if (!isDelimitedByClose) this.#forgetAll = onCloseAll(this.connection, () => reset(this.connection));
  }

  /** Tells of a client that leaves, and of time without progress. */
  protected watch(): void {
    this.watchConnection();
    this.#others = enlist(this.connection, 'open', this);
    this.armTimer(this.options.idleTimeout);
    setImmediate(onTurn, this); // one each: its timers, and what they call, run in the context of this response
  }

  /** The turn of the loop in which it was opened is over. */
  onTurn(): void {
    this.#isNew = false;
    if (this.#bound > 0) this.armTimer(this.#bound);
  }

  protected get isNew(): boolean {
    return this.#isNew;
  }

  /** Tells of a connection that closes. */
  protected watchConnection(): void {
    this.#forgetClose = this.onceClosed(() => this.gone());
  }

  /** @returns takes it back */
  protected onceClosed(onClose: () => void): () => void {
    return onSocketClose(this.connection, onClose);
  }

  /** The server has no more time for it. */
  end(error: Error): void {
    if (this.#isOpen) this.options.onShutdown(error);
  }

  kill(): void {
    reset(this.connection);
  }

  protected gone(): void {
    if (this.#isOpen) this.options.onGone();
  }

  protected get isOpen(): boolean {
    return this.#isOpen;
  }

  /**
   * Whether somebody else who answers now answers in our place. Content that leaves at the end of the tick opens a body as
   * well, unless the head of another answer is out.
   */
  protected mayYield(isBegun: boolean, isHeadOut: boolean): boolean {
    return this.#isOpen && !isBegun && (isHeadOut || !this.options.hasContent());
  }

  /** Somebody else has answered in our place. */
  protected yielded(what: string): void {
    if (this.options.hasContent()) this.options.onForeign(what);
    else this.options.onGone();
  }

  /** Something has moved; what is queued now has not, until it becomes less. */
  protected moved(): void {
    this.#movedAt = performance.now();
    this.#lastQueued = queuedBytes(this.connection);
  }

  /** Bounds the time without progress, from now on or from its turn; 0 for no bound. */
  protected armTimer(milliseconds: number): void {
    if (!this.#isWaiting) {
      this.moved();
      this.#deadline = Math.min(this.#deadline, this.#movedAt + this.#endBound);
      if (this.#timer !== undefined && milliseconds === this.#bound) return;
    }
    this.#bound = milliseconds;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (milliseconds > 0 && !this.#isWaiting && !this.#isNew) this.#setTimer(milliseconds);
  }

  #setTimer(milliseconds: number): void {
    this.#setAt = this.#movedAt;
    this.#timer = setTimeout(onTimer, milliseconds, this).unref();
  }

  /** It stands behind another response and may not write: no time of it passes, and the connection is not its own. */
  protected wait(): void {
    this.#isWaiting = true;
    this.armTimer(this.#bound);
  }

  /** Its turn has come. */
  protected begins(): void {
    this.#isWaiting = false;
    this.armTimer(this.#bound);
    this.#own();
  }

  /**
   * Runs the end of the response. `onDone` is called once: when it settles, or when the client leaves before.
   *
   * @param timeout milliseconds that it may take without progress, 0 for no bound
   */
  protected endWith(onDone: OnDone, timeout: number, end: (settle: OnDone) => void): void {
    this.#isOpen = false;
    let isSettled = false;
    const settle = (isSent: boolean) => {
      if (isSettled) return;
      isSettled = true;
      forget();
      clearTimeout(this.#timer);
      this.#bound = 0;
      this.#letGo();
      this.#others?.delete(this);
      this.#forgetAll();
      this.leave();
      onDone(isSent);
    };
    const forget = this.onceClosed(() => settle(false));
    this.#forgetClose(); // after that, so that the socket keeps its one listener
    if (this.isClosed) return settle(false);
    if (isToClose(this.connection)) timeout = this.#closingTimeout;
    const { idleTimeout } = this.options;
    if (timeout !== idleTimeout && idleTimeout > 0) this.#endBound = idleTimeout + timeout;
    this.armTimer(timeout);
    end(settle);
  }

  /** Holds the socket while a response leaves: who destroys it meanwhile gets that once all has left. */
  protected holdWhileLeaving(socket: Socket, hasLeft = () => false): void {
    this.#rehold(socket, () => {
      if (hasLeft()) return true;
      this.armTimer(this.#closingTimeout);
      return false;
    });
  }

  /** Somebody else has closed the connection of a response that has now left. */
  protected closeIfTold(): void {
    if (isToClose(this.connection)) lingeringClose(this.connection, this.options.lingerTimeout);
  }

  get #closingTimeout(): number {
    return Math.min(this.leavingTimeout || MAX_LEAVING, MAX_LEAVING);
  }

  /** Milliseconds that a failed response may take without progress; 0 for no bound. */
  protected get leavingTimeout(): number {
    const { lingerTimeout } = this.options;
    return lingerTimeout === Number.POSITIVE_INFINITY ? 0 : Math.max(lingerTimeout, MIN_LEAVING);
  }

  #rehold(socket: Socket, onForeign: () => boolean): void {
    this.#letGo();
    this.#letGo = holdSocket(socket, onForeign);
  }

  /** It takes nothing of what is queued. */
  protected drop(): void {
    this.connection.destroy();
  }

  onTimer(): void {
    this.#timer = undefined; // the end is to set its own, though it has the same bound
    if (queuedBytes(this.connection) !== this.#lastQueued) this.moved();
    const now = performance.now();
    if (this.#movedAt !== this.#setAt && now < this.#deadline) {
      // Later than any timer that was set anew at that moment: a source that is silent is to be told first.
      return this.#setTimer(Math.max(0, Math.ceil(this.#movedAt + this.#bound - now)) + 1);
    }
    if (this.#isOpen) return this.options.onIdle();
    this.#letGo();
    if (this.facts.isDelimitedByClose) reset(this.connection);
    else this.drop();
  }
}

function onTurn(channel: Channel): void {
  channel.onTurn();
}

function onTimer(channel: Channel): void {
  channel.onTimer();
}

function ignore(): void {}

/** Milliseconds without progress that are left to a message that has failed, at least, however short the lingering is. */
export const MIN_LEAVING = 1000;
/** The same once somebody has closed its connection, at most. */
const MAX_LEAVING = 5000;

/** What the kernel has not taken yet: it shrinks within one large write, too. */
export function queuedBytes(socket: Socket): number {
  const { _handle: handle } = socket as Socket & { _handle?: { writeQueueSize?: number } | null };
  return (handle?.writeQueueSize ?? 0) + (socket.writableLength ?? 0);
}

/** @throws Error if the response has been taken, or its head is out: it can be answered once */
export function assertUnanswered(isTaken: boolean, isHeadOut: boolean): void {
  if (isTaken) throw new Error('This response has been given to respond or sendFile already');
  if (isHeadOut) throw new Error('The head of this response is out already: call respond or sendFile before writing');
}
