export { addressRange } from "./address-range.ts";
export type { AccessPolicy } from "./admission.ts";
export { type BatchContext, Batches, type BatchesOptions } from "./batch/batches.ts";
export * from "./batch/continuation-store.ts";
export type { BatchItemReport, BatchRefusal, BatchReport } from "./batch/report.ts";
export { type BatchProblem, batchRequest } from "./batch/request.ts";
export type { ShortenedResult } from "./batch/shorten.ts";
export { type CallResult, LOCAL_CALLER, type RelayContext, type ToolCall } from "./call.ts";
export { shareOf } from "./call-limit.ts";
export { globMatches } from "./catalog/glob.ts";
export { type ItemFilter, type ItemRules, nameFilter, uriFilter } from "./catalog/item-filter.ts";
export { largeItemChars } from "./catalog/list-inspection.ts";
export { LIST_KINDS, LISTS, type ListItems, type ListKind } from "./catalog/lists.ts";
export { ChurnMap } from "./churn-map.ts";
export { Discovery, type DiscoveryContext, type DiscoveryReport } from "./discovery/discovery.ts";
export { type DiscoveryOptions, discoveryOptions } from "./discovery/options.ts";
export { DISCOVERED_STATES, type DiscoveredReport } from "./discovery/report.ts";
export type { SourceReport } from "./discovery/running-source.ts";
export type { DiscoveredServer, DiscoverySource, SourceContext } from "./discovery/source.ts";
export {
  diagnosisOf,
  FAILURES,
  type Failure,
  type FailureCode,
  type FailureKind,
  failure,
  isRetryable,
} from "./errors.ts";
export { Fleet, type FleetEntry, type FleetObserver, type FleetOptions } from "./fleet.ts";
export { Gateway, type GatewayOptions, type Relay } from "./gateway.ts";
export type { OutReason } from "./groups/group-member.ts";
export type { GroupMemberSnapshot, GroupSnapshot } from "./groups/group-snapshot.ts";
export { ServerGroup } from "./groups/server-group.ts";
export { DEFAULT_LOG_LEVEL, hearsLevel, LOG_LEVELS } from "./lifecycle/log-levels.ts";
export type { ManagedServer } from "./lifecycle/managed-server.ts";
export type { Audience, ClientLine, Party } from "./lifecycle/session-party.ts";
export { type OptionProblem, refuseWith } from "./option-problem.ts";
export * from "./options.ts";
export { abortSignalOf, Cancellation, type CancelSignal } from "./platform/cancellation.ts";
export { nodePlatform } from "./platform/node-platform.ts";
export type { CancelTimer, Clock, Platform } from "./platform/platform.ts";
export { preflightDecisions, preflightDiscoverySource, preflightEntry } from "./preflight.ts";
export { decodeMessage, type IncomingMessage, type InvalidMessage, type MessageBatch } from "./protocol/decode.ts";
export * from "./protocol/eras.ts";
export * from "./protocol/json-rpc.ts";
export { metaOf, traceParents, withoutTrace } from "./protocol/meta.ts";
export { type ReadJson, readJson } from "./protocol/read-json.ts";
export { ResultPayload, summarise } from "./protocol/result-payload.ts";
export type { Registration, ServerOrigin } from "./registration.ts";
export { RequestRecord } from "./request-record.ts";
export { Allowance, partOf } from "./resilience/allowance.ts";
export { RateLimiter } from "./resilience/rate-limiter.ts";
export { serverId } from "./server-id.ts";
export { Slots } from "./slots.ts";
export { type TasksOptions, tasksOptions } from "./tasks/options.ts";
export type { RelayedTask } from "./tasks/relayed-task.ts";
export type { TaskWish } from "./tasks/task-call.ts";
export {
  isTaskOnly,
  isTooLargeForTask,
  RELATED_TASK,
  readTask,
  type TaskMethods,
  taskMethods,
  withIdRenamed,
  withRelatedTask,
} from "./tasks/task-messages.ts";
export { Tasks } from "./tasks/tasks.ts";
export { checkCertificateBundle } from "./transports/http/certificate-bundle.ts";
export { decodeHeaderValue } from "./transports/http/header-values.ts";
export { paramHeaderMismatch } from "./transports/http/param-header-check.ts";
export type { TransportContext, TransportFactory } from "./transports/index.ts";
export * from "./transports/session.ts";
export { Witnesses } from "./witnesses.ts";
