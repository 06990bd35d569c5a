#!/bin/sh
# One account with the aws command line: assume, create, attach, read back. Run by xargs.
set -eu
account=$1
key=$(aws sts assume-role --role-arn "arn:aws:iam::$account:role/OrganizationAccountAccessRole" \
    --role-session-name turbot-onboard --output text \
    --query 'Credentials.[AccessKeyId,SecretAccessKey,SessionToken]')
# shellcheck disable=SC2086 # three words
set -- $key
export AWS_ACCESS_KEY_ID="$1" AWS_SECRET_ACCESS_KEY="$2" AWS_SESSION_TOKEN="$3"
trust='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::'$MASTER':root"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"external-id-of-'$account'"}}}]}'
aws iam create-role --role-name turbot-onboard --assume-role-policy-document "$trust" >/dev/null
aws iam attach-role-policy --role-name turbot-onboard --policy-arn arn:aws:iam::aws:policy/AdministratorAccess
aws iam get-role --role-name turbot-onboard >/dev/null
aws iam list-attached-role-policies --role-name turbot-onboard --output text | grep -q AdministratorAccess
