using Pulumi;
using Reelseal.Infra;

return await Deployment.RunAsync(() => Infrastructure.Deploy(new Config("reelseal").Get));
