"""botocove: its decorator enters every account, what it runs is the same five calls less the one it makes itself."""

import json
import os
import sys

world = json.load(sys.stdin)
os.environ.update(AWS_ENDPOINT_URL=world["endpoint"], AWS_DEFAULT_REGION="us-east-1",
                  AWS_ACCESS_KEY_ID=world["access_key_id"], AWS_SECRET_ACCESS_KEY=world["secret_access_key"])

from botocove import cove  # noqa: E402  (it reads the environment when it is imported)

ROLE, ADMINISTRATOR = "turbot-onboard", "arn:aws:iam::aws:policy/AdministratorAccess"


@cove(target_ids=world["accounts"], rolename="OrganizationAccountAccessRole", thread_workers=int(sys.argv[1]),
      org_master=False)
def onboard(session):
    iam = session.client("iam")
    account = session.session_information["Id"]
    trust = {"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{world['master']}:root"}, "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": f"external-id-of-{account}"}}}]}
    iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=json.dumps(trust))
    iam.attach_role_policy(RoleName=ROLE, PolicyArn=ADMINISTRATOR)
    role = iam.get_role(RoleName=ROLE)["Role"]
    attached = iam.list_attached_role_policies(RoleName=ROLE)["AttachedPolicies"]
    assert role["AssumeRolePolicyDocument"] == trust, role
    assert [policy["PolicyArn"] for policy in attached] == [ADMINISTRATOR], attached
    return account


output = onboard()
failed = [str(entry) for kind in ("Exceptions", "FailedAssumeRole") for entry in output[kind]]
print(json.dumps({"accounts": len(world["accounts"]), "failed": len(world["accounts"]) - len(output["Results"]),
                  "first": next(iter(failed), None)}))
