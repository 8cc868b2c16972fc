export * from "./clock.ts";
export * from "./deferred-work.ts";
export * from "./queue/delivery-queue.ts";
export type { BatchLimits, DeliveryQueueOptions } from "./queue/options.ts";
export type { RetryLimits } from "./queue/retry.ts";
export * from "./queue/room.ts";
export * from "./queue/send.ts";
export * from "./queue/talkative-origins.ts";
export type { QueueLimits } from "./queue/waiting-room.ts";
