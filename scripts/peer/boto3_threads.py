"""boto3 as an expert would write it for many accounts: one botocore loader and session's data for all threads, one
client for STS, for each account one client for IAM made under a lock-free shared loader, connections kept alive."""

import json
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import botocore.config
import botocore.loaders
import botocore.session

ROLE, ADMINISTRATOR = "turbot-onboard", "arn:aws:iam::aws:policy/AdministratorAccess"
world = json.load(sys.stdin)
width = int(sys.argv[1])
endpoint, region = world["endpoint"], "us-east-1"
config = botocore.config.Config(max_pool_connections=width, retries={"mode": "standard", "max_attempts": 5},
                                parameter_validation=False)
loader = botocore.loaders.Loader()  # parses each service's model once
local = threading.local()


def session():
    """A botocore session for each thread: they are not safe to share, and what is dear in them, the loader, is."""
    if not hasattr(local, "session"):
        local.session = botocore.session.Session()
        local.session.register_component("data_loader", loader)
        local.sts = local.session.create_client(
            "sts", region_name=region, endpoint_url=endpoint, config=config,
            aws_access_key_id=world["access_key_id"], aws_secret_access_key=world["secret_access_key"])
    return local.session


def onboard(account):
    made = session()
    key = local.sts.assume_role(RoleArn=f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole",
                                RoleSessionName="turbot-onboard")["Credentials"]
    iam = made.create_client("iam", region_name=region, endpoint_url=endpoint, config=config,
                             aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"],
                             aws_session_token=key["SessionToken"])
    trust = {"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{world['master']}:root"}, "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": f"external-id-of-{account}"}}}]}
    iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=json.dumps(trust))
    iam.attach_role_policy(RoleName=ROLE, PolicyArn=ADMINISTRATOR)
    role = iam.get_role(RoleName=ROLE)["Role"]
    attached = iam.list_attached_role_policies(RoleName=ROLE)["AttachedPolicies"]
    assert role["AssumeRolePolicyDocument"] == trust, role
    assert [policy["PolicyArn"] for policy in attached] == [ADMINISTRATOR], attached
    iam.close()


with ThreadPoolExecutor(width) as pool:
    results = [pool.submit(onboard, account) for account in world["accounts"]]
failed = [str(result.exception()) for result in results if result.exception()]
print(json.dumps({"accounts": len(results), "failed": len(failed), "first": next(iter(failed), None)}))
sys.stdout.flush()
os._exit(1 if failed else 0)
