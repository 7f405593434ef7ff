# Usher as a CloudFormation stack that Terraform manages. Package first: npx serverless package --stage prod

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "stage" {
  description = "The stage that was packaged"
  type        = string
  default     = "prod"
}

variable "parameters" {
  description = "Values for deploy/parameters.yml. Give every value that differs from the default, each time"
  type        = map(string)
  default     = {}
}

variable "tags" {
  description = "Tags of the stack, which CloudFormation passes to everything in it"
  type        = map(string)
  default     = {}
}

data "aws_s3_bucket" "code" {
  bucket = var.bucket
}

resource "aws_s3_object" "code" {
  for_each = local.keys

  bucket = var.bucket
  key    = each.value
  source = "${local.folder}/${local.zips[each.key]}"
}

resource "aws_s3_object" "template" {
  bucket       = var.bucket
  key          = "usher/${sha256(local.template)}/template.json"
  content      = local.template
  content_type = "application/json"
}

resource "aws_cloudformation_stack" "usher" {
  name         = "${local.state.service.service}-${var.stage}"
  template_url = "https://${data.aws_s3_bucket.code.bucket_regional_domain_name}/${aws_s3_object.template.key}"
  capabilities = ["CAPABILITY_NAMED_IAM"]
  parameters   = var.parameters
  tags         = merge(var.tags, { application = "usher", stage = var.stage })

  depends_on = [aws_s3_object.code]
}

output "onboarding_arn" {
  value = aws_cloudformation_stack.usher.outputs["OnboardingArn"]
}

# For subscriber.yml, in the account that owns a profile: docs/subscriptions.md.
output "plan_changes_role_arn" {
  value = aws_cloudformation_stack.usher.outputs["PlanChangesRoleArn"]
}

output "apply_changes_role_arn" {
  value = aws_cloudformation_stack.usher.outputs["ApplyChangesRoleArn"]
}
