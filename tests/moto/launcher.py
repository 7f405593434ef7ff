"""moto_server, with what moto 5.2 lacks to run a deployed Usher.

Each repair has a name, and `--skip NAME` leaves it out: that shows what it is for. Other arguments are moto_server's.
MOTO_PORT is the port at which state machines and rules invoke functions, and at which each account has its time.
"""

import argparse
import copy
import functools
import http.client
import json
import os
import sys
import threading
import types
import uuid
from datetime import datetime, timezone

try:
    import moto
    import yaml
    from moto import server
    from moto.cloudformation import models as stacks, parsing, responses
    from moto.core import model_instances
    from moto.core.responses import ActionResult
    from moto.events import models as events
    from moto.ses import models as ses
    from moto.sqs import models as sqs
    from moto.stepfunctions import models as stepfunctions
    from moto.stepfunctions import responses as states
    from moto.stepfunctions.parser import models as parser
    from moto.stepfunctions.parser.api import ExecutionStatus
    from moto.stepfunctions.parser.asl.component.common.flow.start_at import StartAt
    from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
    from moto.stepfunctions.parser.asl.component.state.exec import execute_state
    from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
    from moto.stepfunctions.parser.asl.component.state.wait.wait_function import wait_function
    from moto.stepfunctions.parser.asl.utils import boto_client, json_path
    from moto.stepfunctions.parser.backend import execution
    from moto.utilities.arns import parse_arn
except ImportError as error:
    print(error, file=sys.stderr)
    sys.exit(3)


class Work:
    """What keeps the time of an account from passing until it ends, but for its sleeps."""

    def __init__(self, account):
        self.account = account
        self.id = self._ask({"do": "begin"})["work"]

    def now(self):
        return self.sleep(0)

    def sleep(self, seconds):
        """Returns the time after it."""
        answer = self._ask({"do": "sleep", "work": self.id, "seconds": seconds})
        return datetime.fromisoformat(answer["now"].replace("Z", "+00:00"))

    def wake(self):
        self._ask({"do": "wake", "work": self.id})

    def end(self):
        self._ask({"do": "end", "work": self.id})

    def _ask(self, question):
        connection = http.client.HTTPConnection("localhost", int(os.environ["MOTO_PORT"]))
        connection.request("POST", f"/time/{self.account}", json.dumps(question))
        answer = json.load(connection.getresponse())
        connection.close()
        if "now" not in answer:
            raise RuntimeError(answer)
        return answer

    def run_in_thread(self, run):
        def run_and_end():
            try:
                run()
            finally:
                self.end()

        threading.Thread(target=run_and_end, daemon=True).start()


def invoke(function_arn, payload, region, work):
    """Invokes a function, which keeps time from passing, and lets it pass, as this work. Returns Lambda's answer."""
    client = lambda_eval_utils.boto_client_for(region=region, service="lambda", state_credentials=None)
    return client.invoke(FunctionName=function_arn, Payload=payload, ClientContext=work.id)


def substitutions():
    """`Fn::Sub` with a map halves every `$$`: a state machine's `$$.Execution.Id` becomes `$.Execution.Id`."""

    class Template(str):
        def safe_substitute(self, **values):
            text = str(self)
            for name, value in values.items():
                text = text.replace("${" + name + "}", value)
            return text

    parsing.string = types.SimpleNamespace(Template=Template)


def other_types():
    """A resource of a type that moto doesn't know is left out, and with it a stack that refers to it fails."""

    class Placeholder:
        def __init__(self, name):
            self.physical_resource_id = name

        @classmethod
        def create_from_cloudformation_json(cls, resource_name, *_, **__):
            return cls(resource_name)

        @classmethod
        def update_from_cloudformation_json(cls, original_resource, *_, **__):
            return original_resource

        @classmethod
        def delete_from_cloudformation_json(cls, *_):
            pass

        @classmethod
        def has_cfn_attr(cls, _):
            return True

        def get_cfn_attribute(self, name):
            return f"arn:aws:moto:::{self.physical_resource_id}/{name}"

        def is_created(self):
            return True

    class_of = parsing.resource_class_from_type
    # The first warns of the type, which is then reported as not checked.
    parsing.resource_class_from_type = lambda name: class_of(name) or Placeholder


def updates():
    """An update also changes resources whose condition isn't met, and forgets those of types that it can't change."""
    update = parsing.parse_and_update_resource

    def update_what_exists(logical_id, resource_json, resources_map, *args, **kwargs):
        condition = resource_json.get("Condition")
        if condition and not resources_map.lazy_condition_map[condition]:
            return None
        changed = update(logical_id, resource_json, resources_map, *args, **kwargs)
        return resources_map[logical_id] if changed is None else changed

    parsing.parse_and_update_resource = update_what_exists


def previous_values():
    """An update of a stack knows no previous value of a parameter that a change set or a default has set."""
    resolve = stacks.CloudFormationBackend._resolve_update_parameters

    def resolve_update_parameters(backend, instance, incoming_params):
        if isinstance(instance, stacks.Stack):
            instance.parameters = {**instance.parameters, **instance.stack_parameters}
        return resolve(backend, instance, incoming_params)

    stacks.CloudFormationBackend._resolve_update_parameters = resolve_update_parameters


def no_values():
    """A list keeps the place of what AWS::NoValue leaves out."""
    clean = parsing.clean_json

    def without_no_values(resource_json, resources_map):
        cleaned = clean(resource_json, resources_map)
        if isinstance(resource_json, list):
            return [value for value in cleaned if value is not None]
        return cleaned

    parsing.clean_json = without_no_values


def retained_resources():
    """RetainExceptOnCreate is unknown: the deletion of a stack deletes what it should retain."""
    delete = parsing.ResourceMap.delete

    def delete_others(self):
        for resource in self._resource_json_map.values():
            if resource.get("DeletionPolicy") == "RetainExceptOnCreate":
                resource["DeletionPolicy"] = "Retain"
        return delete(self)

    parsing.ResourceMap.delete = delete_others


def termination_protection():
    """UpdateTerminationProtection is no operation."""

    def update_termination_protection(self):
        stack = self.cloudformation_backend.get_stack(self._get_param("StackName"))
        stack.enable_termination_protection = self._get_bool_param("EnableTerminationProtection")
        return ActionResult({"StackId": stack.stack_id})

    responses.CloudFormationResponse.update_termination_protection = update_termination_protection


def machines_of_stacks():
    """A machine that CloudFormation makes lands in the backend that executes nothing."""
    stepfunctions.stepfunctions_backends = parser.stepfunctions_parser_backends


def names_of_buses():
    """`Ref` of a bus is the object itself instead of its name."""
    events.EventBus.physical_resource_id = property(lambda bus: bus.name)


def repeated_starts():
    """The second start of a machine copies the executions of the first, with their threads, which can't be copied."""
    stepfunctions.StateMachine.__deepcopy__ = lambda machine, memo: copy.copy(machine)


def start_times():
    """`$$.Execution.StartTime` ends in +00:00, where AWS writes Z."""
    details_of = execution.Execution.get_start_execution_details

    def details(started):
        told = details_of(started)
        told.start_time = in_utc(started.start_date, "milliseconds")
        return told

    execution.Execution.get_start_execution_details = details


def in_utc(time, precision):
    return time.astimezone(timezone.utc).isoformat(timespec=precision).replace("+00:00", "Z")


def shared_clients():
    """Each task makes a client of boto3's default session: slow, and by boto3's own word not safe in several threads."""
    lock = threading.Lock()
    make = functools.lru_cache(maxsize=None)(boto_client.boto_client_for)

    def client_for(region, service, state_credentials=None):
        with lock:
            return make(region, service)

    lambda_eval_utils.boto_client_for = client_for


def parsed_once():
    """Each use of a JSONPath parses it, and each use of a template parses that as YAML, although it is JSON: both slow."""

    def load(text, Loader):
        try:
            return json.loads(text)
        except ValueError:
            return yaml.load(text, Loader=Loader)

    json_path.parse = functools.lru_cache(maxsize=None)(json_path.parse)
    stacks.yaml = responses.yaml = types.SimpleNamespace(**{**vars(yaml), "load": load})


def rule_targets():
    """Rules deliver neither to state machines nor to functions, and PutEvents answers 500 for the attempt; what a
    queue gets lacks the account."""
    deliver = events.Rule.send_to_targets

    def send_to_targets(rule, original_event, transform_input=True):
        targets = rule.targets
        if rule.state != "ENABLED" or not rule.event_pattern.matches_event(original_event):
            return
        for target in targets:
            arn = parse_arn(target["Arn"])
            if arn.service == "states":
                backend = parser.stepfunctions_parser_backends[arn.account][arn.region]
                backend.start_execution(target["Arn"], str(uuid.uuid4()), message_of(original_event, target))
            elif arn.service == "lambda":
                # Whoever sent the event doesn't wait for it.
                work = Work(arn.account)
                call = functools.partial(invoke, target["Arn"], message_of(original_event, target), arn.region, work)
                work.run_in_thread(call)
            elif arn.service == "sqs":
                message = message_of({**original_event, "account": arn.account}, target)
                sqs.sqs_backends[arn.account][arn.region].send_message(arn.resource_id, message)
            else:
                others = copy.copy(rule)
                others.targets = [target]
                deliver(others, original_event, transform_input)

    events.Rule.send_to_targets = send_to_targets


def event_sources():
    """A queue invokes its function while its sender waits, in moto's own containers, and knows no failure of one message."""

    def add_message(queue, message):
        with queue._messages_lock:
            queue._messages.append(message)
            queue._messages_lock.notify_all()
        for function_arn, mapping in queue.lambda_event_source_mappings.items():
            if mapping.enabled:
                work = Work(queue.account_id)
                work.run_in_thread(functools.partial(serve, queue, function_arn, mapping.batch_size, work))

    def serve(queue, function_arn, batch_size, work):
        backend = sqs.sqs_backends[queue.account_id][queue.region]
        messages = backend.receive_message(queue.name, batch_size, 0, queue.visibility_timeout)
        records = [
            {
                "messageId": message.id,
                "receiptHandle": message.receipt_handle,
                "body": message.body,
                "eventSource": "aws:sqs",
                "eventSourceARN": queue.queue_arn,
                "awsRegion": queue.region,
            }
            for message in messages
        ]
        if not records:
            return
        answer = invoke(function_arn, json.dumps({"Records": records}), queue.region, work)
        told = json.loads(answer["Payload"].read() or "null")
        if "FunctionError" in answer:
            return
        failed = [failure["itemIdentifier"] for failure in (told or {}).get("batchItemFailures", [])]
        for message in messages:
            if message.id not in failed:
                backend.delete_message(queue.name, message.receipt_handle)

    sqs.Queue.add_message = add_message


def records():
    """moto lists all that it keeps or nothing, and fails where there is no Docker. Messages that were sent are enough."""
    model_instances.model_data = {"ses": {"Message": ses.Message}}


def message_of(event, target):
    """What a target gets: the event with its time as text, or what its InputTransformer makes of that."""
    told = {key: value for key, value in event.items() if key != "ingestion-time"}
    if not isinstance(told["time"], str):
        told["time"] = in_utc(datetime.fromtimestamp(float(told["time"]), timezone.utc), "seconds")
    transformer = target.get("InputTransformer")
    if transformer:
        told = events.EventTemplateParser.parse(
            transformer["InputTemplate"],
            transformer.get("InputPathsMap", {}),
            {**told, "ingestion-time": event["ingestion-time"]},
        )
    return json.dumps(told)


def status_events():
    """Step Functions tells the default bus how an execution ended."""
    terminated = execution.BaseExecutionWorkerCommunication.terminated

    def tell(worker):
        terminated(worker)
        ended = worker.execution
        backend = events.events_backends[ended.account_id][ended.region_name]
        detail = {
            "executionArn": ended.exec_arn,
            "stateMachineArn": ended.state_machine_arn,
            "name": ended.name,
            "status": ended.status,
            "startDate": int(ended.start_date.timestamp() * 1000),
            "stopDate": int(ended.stop_date.timestamp() * 1000),
            "error": ended.error,
            "cause": ended.cause,
        }
        entry = {
            "Source": "aws.states",
            "DetailType": "Step Functions Execution Status Change",
            "Detail": json.dumps(detail),
            "Resources": [ended.exec_arn],
            "Time": ended.stop_date.timestamp(),
        }
        backend.put_events([entry])

    execution.BaseExecutionWorkerCommunication.terminated = tell


def redrives():
    """RedriveExecution is no operation. AWS runs the state that failed once more, with the input that it had."""

    def redrive_execution(self):
        ended = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
        history = ended.exec_worker.env.event_manager.get_event_history()
        entered = [event["stateEnteredEventDetails"] for event in history if "stateEnteredEventDetails" in event][-1]
        worker = ended._get_start_execution_worker()
        parse, surround = worker._get_evaluation_entrypoint, worker._get_evaluation_environment

        def program():
            parsed = parse()
            parsed.start_at = StartAt(entered["name"])
            return parsed

        def environment():
            env = surround()
            env.event_manager._history_event_list.extend(history)
            env.states.reset(json.loads(entered["input"]))
            return env

        worker._get_evaluation_entrypoint, worker._get_evaluation_environment = program, environment
        ended.exec_worker, ended.exec_status = worker, ExecutionStatus.RUNNING
        ended.stop_date = ended.error = ended.cause = None
        worker.start()
        return ActionResult({"redriveDate": datetime.now(timezone.utc)})

    states.StepFunctionResponse.redrive_execution = redrive_execution


def virtual_time():
    """Waits and pauses before retries take real time. Here, time passes when nothing of an account runs."""
    start = execution.Execution.start
    run = execution.ExecutionWorker.start
    stop = execution.Execution.stop
    reflect = execution.BaseExecutionWorkerCommunication._reflect_execution_status
    terminated = execution.BaseExecutionWorkerCommunication.terminated
    integrate = lambda_eval_utils.execute_lambda_function_integration
    retry = retrier_decl.RetrierDecl._eval_body
    works = {}
    current = threading.local()

    def work_of(env):
        return works[env.states.context_object.context_object_data["Execution"]["Id"]]

    def start_in_time(started):
        begun = Work(started.account_id)
        started.start_date = begun.now()
        start(started)
        begun.end()

    def run_in_time(worker):
        of = worker._execution_communication.execution
        works[of.exec_arn] = Work(of.account_id)
        run(worker)

    def stop_in_time(stopped, *args, **kwargs):
        stop(stopped, *args, **kwargs)
        works[stopped.exec_arn].wake()

    def reflect_in_time(worker):
        reflect(worker)
        worker.execution.stop_date = works[worker.execution.exec_arn].now()

    def end_after(worker):
        try:
            terminated(worker)
        finally:
            works.pop(worker.execution.exec_arn).end()

    def invoke_in_time(env, parameters, region, state_credentials):
        integrate(env, {**parameters, "ClientContext": work_of(env).id}, region, state_credentials)

    def retry_in_time(retrier, env):
        current.work = work_of(env)
        retry(retrier, env)

    class Unlimited(threading.Event):
        """Lambda has the time limits: a function may take long for the machine's sake."""

        def wait(self, timeout=None):
            return super().wait()

    execution.Execution.start = start_in_time
    execution.Execution.stop = stop_in_time
    execution.ExecutionWorker.start = run_in_time
    execution.BaseExecutionWorkerCommunication._reflect_execution_status = reflect_in_time
    execution.BaseExecutionWorkerCommunication.terminated = end_after
    wait_function.WaitFunction._wait_interval = lambda _, env, wait_seconds: work_of(env).sleep(max(0, wait_seconds))
    lambda_eval_utils.execute_lambda_function_integration = invoke_in_time
    retrier_decl.RetrierDecl._eval_body = retry_in_time
    retrier_decl.time = types.SimpleNamespace(sleep=lambda seconds: current.work.sleep(seconds))
    execute_state.threading = types.SimpleNamespace(Event=Unlimited)


REPAIRS = {
    repair.__name__.replace("_", "-"): repair
    for repair in (
        substitutions,
        other_types,
        updates,
        previous_values,
        no_values,
        retained_resources,
        termination_protection,
        machines_of_stacks,
        names_of_buses,
        repeated_starts,
        start_times,
        shared_clients,
        parsed_once,
        rule_targets,
        event_sources,
        records,
        status_events,
        redrives,
        virtual_time,
    )
}


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--skip", action="append", default=[], choices=REPAIRS)
    arguments.add_argument("--version", action="version", version=moto.__version__)
    own, others = arguments.parse_known_args()
    for name, repair in REPAIRS.items():
        if name not in own.skip:
            repair()
    server.main(others)


if __name__ == "__main__":
    main()
