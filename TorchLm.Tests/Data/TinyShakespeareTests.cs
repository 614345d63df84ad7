using System.Net;
using TorchLm.Core;
using TorchLm.Data;

namespace TorchLm.Tests.Data;

public sealed class TinyShakespeareTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<string> _said = [];

    private string Cache => _folder["cache/tinyshakespeare.txt"];

    public void Dispose() => _folder.Dispose();

    [SharedFileFact(SharedFiles.TinyShakespeare)]
    public async Task The_right_file_is_kept_and_not_fetched_again()
    {
        byte[] text = await File.ReadAllBytesAsync(SharedFiles.PathOf(SharedFiles.TinyShakespeare));
        Network network = new(() => new HttpResponseMessage(HttpStatusCode.OK) { Content = new ByteArrayContent(text) });
        await Fetch(network);
        await Fetch(network);
        Assert.Equal(text, await File.ReadAllBytesAsync(Cache));
        Assert.Equal([new Uri(TinyShakespeare.Address)], network.Requests);
        Assert.Equal(2, _said.Count);

        await File.WriteAllTextAsync(Cache, "damaged");
        await Fetch(network);
        Assert.Equal(text, await File.ReadAllBytesAsync(Cache));
        Assert.Contains("SHA-256 differs", _said[2]);
        Assert.Single(Directory.GetFiles(_folder["cache"]));
    }

    [Fact]
    public async Task A_wrong_file_is_refused_and_not_kept()
    {
        StringContent other = new("<html>log in first</html>");
        Network network = new(() => new HttpResponseMessage(HttpStatusCode.OK) { Content = other });
        string message = (await Assert.ThrowsAsync<InputException>(() => Fetch(network))).Message;
        Assert.Contains("is not Tiny Shakespeare", message);
        Assert.Contains("--data FILE", message);
        Assert.False(File.Exists(Cache));
    }

    [Fact]
    public async Task Without_a_network_a_sentence_says_how_to_pass_the_file()
    {
        Network[] networks =
        [
            new(() => throw new HttpRequestException("No such host is known.")),
            new(() => new HttpResponseMessage(HttpStatusCode.NotFound)),
            new(() => throw new TaskCanceledException("The request timed out.")),
        ];
        foreach (Network network in networks)
        {
            string message = (await Assert.ThrowsAsync<InputException>(() => Fetch(network))).Message;
            Assert.StartsWith("Cannot fetch Tiny Shakespeare from https://", message);
            Assert.EndsWith("pass it with --data FILE.", message);
        }
    }

    [Fact]
    public async Task Cancelling_is_not_a_mistake_of_the_user()
    {
        using CancellationTokenSource source = new();
        await source.CancelAsync();
        Network network = new(() => new HttpResponseMessage(HttpStatusCode.OK));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            TinyShakespeare.FetchAsync(Cache, _said.Add, network, source.Token));
    }

    private Task Fetch(Network network) => TinyShakespeare.FetchAsync(Cache, _said.Add, network);

    private sealed class Network(Func<HttpResponseMessage> answer) : HttpMessageHandler
    {
        public List<Uri?> Requests { get; } = [];

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Requests.Add(request.RequestUri);
            return Task.FromResult(answer());
        }
    }
}
