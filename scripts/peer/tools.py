"""Who is measured: each a command that reads the world as JSON, or a reason why it is left out here."""

import json
import os
import pathlib
import re
import shutil
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
# No proxy, profile or region of whoever runs this; Python writes nothing beside its sources.
CLEAN = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", "AWS_EC2_METADATA_DISABLED": "true",
         "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}


class Tools:
    """Where the programs are."""

    def __init__(self, root, venv):
        self.bin = venv / "bin"
        self.ministack = self.bin / "ministack"
        self.examples = root / "target" / "dist" / "examples"
        self.simulated = self.examples / "simulated_accounts"

    def version(self, *command, folder=None):
        text = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
        found = re.search(r"\d+\.\d+(\.\d+)?", text.stdout + text.stderr)
        return found.group(0) if found else "unknown"

    def pip(self, name):
        return self.version(self.bin / "python", "-c", f"import importlib.metadata as m; print(m.version({name!r}))")


class Peer:
    """One way to do it. `most` and `runs` cap what would take hours."""

    name, most, runs, latencies, worlds = "", 1_000_000, 5, None, ("sandbox", "ministack")

    def __init__(self, tools):
        self.tools = tools

    def missing(self):
        return None

    def prepare(self, folder, world, width):
        """The command, what it reads, its environment."""
        raise NotImplementedError

    def check(self, run, world):
        """None, or why the run does not count."""
        if run.code != 0:
            return f"exit {run.code}: {(run.said + run.output).strip()[-400:]}"
        try:
            told = json.loads(run.output.strip().splitlines()[-1])
        except (ValueError, IndexError):
            return None
        return f"{told['failed']} failed, such as {told['first']}" if told.get("failed") else None

    def keys(self, world):
        return {**CLEAN, "AWS_ACCESS_KEY_ID": world["access_key_id"], "MASTER": world["master"],
                "AWS_SECRET_ACCESS_KEY": world["secret_access_key"], "AWS_ENDPOINT_URL": world["endpoint"]}


class Library(Peer):
    name, how = "turbot-onboard (library)", "library"

    def prepare(self, folder, world, width):
        environment = {**self.keys(world), "HOME": str(folder)}
        return [self.tools.examples / "bulk", self.how, str(width)], json.dumps(world), environment

    def release(self):
        return self.tools.version("cargo", "pkgid", "-p", "aws-bootstrap").split("#")[-1]


class Bare(Library):
    name, how = "bare loop of the same requests", "bare"


class Boto3(Peer):
    name, script = "boto3, threads, shared loader", "boto3_threads.py"

    def prepare(self, folder, world, width):
        command = [self.tools.bin / "python", HERE / self.script, str(width)]
        return command, json.dumps(world), {**CLEAN, "HOME": str(folder)}

    def release(self):
        return self.tools.pip("boto3")


class Botocove(Boto3):
    name, script = "botocove", "cove.py"

    def release(self):
        return self.tools.pip("botocove")


class OrgFormation(Peer):
    """A CloudFormation stack in each account: more than the others do, with one external id for all."""

    name, worlds = "org-formation, 20 stacks at once", ("ministack",)

    def missing(self):
        return None if self.program().exists() else "npm's aws-organization-formation is not installed in target/peers"

    def program(self):
        return self.tools.bin.parent.parent / "node_modules" / ".bin" / "org-formation"

    def prepare(self, folder, world, width):
        shutil.copy(HERE / "stack.yml", folder / "stack.yml")
        environment = {**self.keys(world), "HOME": str(folder)}
        subprocess.run([self.program(), "init", "organization.yml", "--region", "us-east-1"], cwd=folder,
                       env=environment, check=True, capture_output=True)
        command = [self.program(), "update-stacks", "stack.yml", "--stack-name", "turbot",
                   "--max-concurrent-stacks", "20"]
        return command, "", environment

    def release(self):
        return self.tools.version("node", "-p", "require('./package.json').version",
                                  folder=self.program().resolve().parent.parent)


class Cli(Peer):
    name, most, runs, latencies = "aws command line, xargs", 20, 3, (0,)

    def prepare(self, folder, world, width):
        environment = {**self.keys(world), "HOME": str(folder)}
        environment["PATH"] = f"{self.tools.bin}:{environment['PATH']}"
        command = ["xargs", "-P", str(os.cpu_count() * 2), "-n", "1", HERE / "cli.sh"]
        return command, "\n".join(world["accounts"]) + "\n", environment

    def release(self):
        return self.tools.pip("awscli")


class Ansible(Peer):
    name, most, runs, latencies = "Ansible iam_role, 5 forks", 20, 3, (0,)

    def missing(self):
        return None if (self.tools.bin / "ansible-playbook").exists() else "ansible-core is not installed"

    def prepare(self, folder, world, width):
        (folder / "hosts").write_text("\n".join(world["accounts"]) + "\n")
        shutil.copy(HERE / "role.yml", folder / "role.yml")
        environment = {**self.keys(world), "HOME": str(folder), "ANSIBLE_PYTHON_INTERPRETER": str(self.tools.bin / "python"),
                       "ANSIBLE_COLLECTIONS_PATH": str(self.tools.bin.parent / "collections"), "LC_ALL": "C.UTF-8"}
        command = [self.tools.bin / "ansible-playbook", "-i", "hosts", "-f", "5", "role.yml",
                   "-e", f"master={world['master']} endpoint={world['endpoint']}"]
        return command, "", environment

    def release(self):
        return f"core {self.tools.pip('ansible-core')}"


class Terraform(Peer):
    name, most, runs, latencies = "Terraform, a provider an account", 20, 3, (0,)

    def missing(self):
        if not shutil.which("terraform"):
            return "terraform is not on the PATH"
        return None if mirror() else "no mirror of the aws provider (TERRAFORM_MIRROR, or /opt/tf-plugins)"

    def prepare(self, folder, world, width):
        (folder / "terraform.rc").write_text(
            f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror()}"\n  }}\n}}\n')
        (folder / "main.tf").write_text(configuration(world))
        environment = {**self.keys(world), "HOME": str(folder), "TF_CLI_CONFIG_FILE": str(folder / "terraform.rc"),
                       "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
        subprocess.run(["terraform", "init", "-no-color"], cwd=folder, env=environment, check=True, capture_output=True)
        return ["terraform", "apply", "-auto-approve", "-no-color", "-parallelism=20"], "", environment

    def release(self):
        return self.tools.version("terraform", "version")


def mirror():
    for folder in (os.environ.get("TERRAFORM_MIRROR"), "/opt/tf-plugins"):
        if folder and list(pathlib.Path(folder).glob("registry.terraform.io/hashicorp/aws/*")):
            return folder
    return None


def configuration(world):
    parts = ['terraform {\n  required_providers {\n    aws = { source = "hashicorp/aws" }\n  }\n}\n']
    for account in world["accounts"]:
        role = f"aws_iam_role.r{account}"
        parts.append(f'''
provider "aws" {{
  alias                       = "a{account}"
  region                      = "us-east-1"
  skip_metadata_api_check     = true
  skip_region_validation      = true
  skip_requesting_account_id  = true
  assume_role {{
    role_arn = "arn:aws:iam::{account}:role/OrganizationAccountAccessRole"
  }}
}}
resource "aws_iam_role" "r{account}" {{
  provider           = aws.a{account}
  name               = "turbot-onboard"
  assume_role_policy = jsonencode({{ Version = "2012-10-17", Statement = [{{
    Effect = "Allow", Principal = {{ AWS = "arn:aws:iam::{world['master']}:root" }}, Action = "sts:AssumeRole",
    Condition = {{ StringEquals = {{ "sts:ExternalId" = "external-id-of-{account}" }} }} }}] }})
}}
resource "aws_iam_role_policy_attachment" "p{account}" {{
  provider   = aws.a{account}
  role       = {role}.name
  policy_arn = "arn:aws:iam::aws:policy/AdministratorAccess"
}}
''')
    return "".join(parts)
