# Prepares what `npx serverless package --stage prod` writes for a bucket of yours. The key of the code changes with its
# content, and the bucket that the framework would create is removed from the template.

variable "bucket" {
  description = "S3 bucket for code and template, in the Region of Identity Center"
  type        = string
}

locals {
  folder   = "${path.module}/../../.serverless"
  packaged = jsondecode(file("${local.folder}/cloudformation-template-update-stack.json"))
  # Its service begins with the namePrefix of entitlements.yml.
  state = jsondecode(file("${local.folder}/serverless-state.json"))

  zips = {
    for id, resource in local.packaged.Resources : id => basename(resource.Properties.Code.S3Key)
    if resource.Type == "AWS::Lambda::Function"
  }
  keys = { for id, zip in local.zips : id => "usher/${filesha256("${local.folder}/${zip}")}/${zip}" }

  functions = {
    for id, key in local.keys : id => merge(local.packaged.Resources[id], {
      Properties = merge(local.packaged.Resources[id].Properties, { Code = { S3Bucket = var.bucket, S3Key = key } })
    })
  }
  others = {
    for id, resource in local.packaged.Resources : id => resource
    if !contains(keys(local.zips), id) && !startswith(id, "ServerlessDeploymentBucket")
  }
  outputs = { for name, output in local.packaged.Outputs : name => output if name != "ServerlessDeploymentBucketName" }

  template = jsonencode(merge(local.packaged, {
    Resources = merge(local.others, local.functions)
    Outputs   = local.outputs
  }))
}
